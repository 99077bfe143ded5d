//! `sampo publish` of npm packages: the built program, real git, npm, pnpm and Yarn, and a real registry on this machine.

use std::process::Output;

use sampo_testkit::cargo_registry::{CargoRegistry, TOKEN};
use sampo_testkit::{NpmRegistry, Repo};

/// A workspace of these packages, committed: name, version, further members of the manifest. Each test has a scope.
fn workspace(packages: &[(&str, &str, &str)]) -> Repo {
    let repo = Repo::new();
    repo.write(".sampo/config.toml", "").write("package.json", r#"{"private":true,"workspaces":["packages/*"]}"#);
    for (name, version, more) in packages {
        let comma = if more.is_empty() { "" } else { ", " };
        let folder = name.rsplit('/').next().unwrap();
        repo.write(
            &format!("packages/{folder}/package.json"),
            format!("{{\"name\": \"{name}\", \"version\": \"{version}\"{comma}{more}}}\n"),
        );
    }
    repo.commit("release");
    repo
}

/// The exit code, standard output and standard error of `sampo publish`.
fn publish(repo: &Repo, arguments: &[&str]) -> (i32, String, String) {
    let mut command = NpmRegistry::shared().command(repo, env!("CARGO_BIN_EXE_sampo"));
    let Output { status, stdout, stderr } = command.arg("publish").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn tags(repo: &Repo) -> Vec<String> {
    repo.git(&["tag", "--list"]).lines().map(str::to_owned).collect()
}

/// Five packages, each of which needs the one before it.
fn chain(scope: &str) -> Repo {
    let needs = |name: &str| format!("\"dependencies\": {{\"{scope}/{name}\": \"^1.0.0\"}}");
    let names = ["e", "d", "c", "b", "a"].map(|name| format!("{scope}/{name}"));
    let mores = [String::new(), needs("e"), needs("d"), needs("c"), needs("b")];
    let packages: Vec<(&str, &str, &str)> =
        names.iter().zip(&mores).map(|(name, more)| (name.as_str(), "1.0.0", more.as_str())).collect();
    workspace(&packages)
}

#[test]
fn a_publish_that_fails_at_the_third_of_five_goes_on_at_the_third() {
    let registry = NpmRegistry::shared();
    let repo = chain("@third");
    registry.refuse("@third/c");
    let (code, stdout, stderr) = publish(&repo, &[]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("error[publish-failed]: `npm/@third/c` 1.0.0 could not be published: "), "{stderr}");
    assert_eq!(
        stdout,
        "@third/e 1.0.0: published, tagged @third/e-v1.0.0\n\
         @third/d 1.0.0: published, tagged @third/d-v1.0.0\n\
         @third/c 1.0.0: not published, not tagged\n\
         @third/b 1.0.0: not published, not tagged\n\
         @third/a 1.0.0: not published, not tagged\n"
    );
    assert_eq!(tags(&repo), ["@third/d-v1.0.0", "@third/e-v1.0.0"]);
    assert!(!stderr.contains(registry.token()) && !stdout.contains(registry.token()));

    registry.accept("@third/c");
    let (code, stdout, stderr) = publish(&repo, &[]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.starts_with("@third/e 1.0.0: already published, already tagged"), "{stdout}");
    assert_eq!(tags(&repo).len(), 5);
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(registry.versions(&format!("@third/{name}")), ["1.0.0"], "{name}");
    }
    assert_eq!(publish(&repo, &[]).0, 2, "nothing is left to do");
}

#[test]
fn a_dry_run_rehearses_and_leaves_no_trace() {
    let repo = workspace(&[("@dry/a", "1.0.0", "")]);
    let (code, stdout, stderr) = publish(&repo, &["--dry-run"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(stdout, "@dry/a 1.0.0: would be published, would be tagged @dry/a-v1.0.0\n");
    assert_eq!((NpmRegistry::shared().versions("@dry/a").len(), tags(&repo).len()), (0, 0));
}

#[test]
fn the_report_says_what_became_of_each_package() {
    let repo = workspace(&[("@report/a", "1.0.0", ""), ("@report/b", "2.0.0", "\"private\": true")]);
    NpmRegistry::shared().refuse("@report/a");
    let report = |arguments: &[&str], code: i32| {
        let (found, stdout, stderr) = publish(&repo, &[&["--format", "json"], arguments].concat());
        assert_eq!(found, code, "{stderr}");
        let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        let states = report["packages"].as_array().unwrap().iter();
        let states: Vec<String> = states
            .map(|state| format!("{} {} {} {}", state["package"], state["tag"], state["upload"], state["tagging"]))
            .collect();
        (states.join("; ").replace('"', ""), report["error"]["code"].as_str().map(str::to_owned))
    };
    let states = |a: &str, b: &str| format!("npm/@report/a @report/a-v1.0.0 {a}; npm/@report/b @report/b-v2.0.0 {b}");
    assert_eq!(report(&["--dry-run"], 0), (states("needed needed", "never needed"), None));
    let failed = (states("needed needed", "never needed"), Some("publish-failed".to_owned()));
    assert_eq!(report(&[], 1), failed);
    NpmRegistry::shared().accept("@report/a");
    assert_eq!(report(&[], 0), (states("done created", "never created"), None));
    assert_eq!(report(&[], 2), (states("already-there at-head", "never at-head"), None));
}

#[test]
fn the_manifest_and_the_arguments_say_how_a_package_is_published() {
    let registry = NpmRegistry::shared();
    let address = registry.address();
    let of_scope = format!("\"publishConfig\": {{\"@how:registry\": \"{address}\"}}");
    let tagged =
        format!("\"publishConfig\": {{\"registry\": \"{address}\", \"tag\": \"next\", \"access\": \"restricted\"}}");
    let repo = workspace(&[
        ("@how/pre", "1.0.0-rc.1", &of_scope),
        ("@how/tagged", "1.0.0", &tagged),
        ("@how/private", "1.0.0", "\"private\": true"),
    ]);
    repo.write(".npmrc", "@how:registry=http://127.0.0.1:1/\n").commit("settings that the manifests overrule");
    let (code, stdout, stderr) = publish(&repo, &[]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.ends_with("@how/private 1.0.0: tagged @how/private-v1.0.0\n"), "{stdout}");
    let tags = |name: &str| registry.document(name).unwrap()["dist-tags"].clone();
    assert_eq!(tags("@how/pre")["rc"], "1.0.0-rc.1");
    assert_eq!(tags("@how/tagged")["next"], "1.0.0");
    assert_eq!(registry.versions("@how/private"), [""; 0]);

    let repo = workspace(&[("@how/args", "1.0.0", "")]);
    let (code, _, stderr) = publish(&repo, &["--npm-args", "--tag", "beta"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(tags("@how/args")["beta"], "1.0.0");
    let repo = workspace(&[("@how/forwarded", "1.0.0", "")]);
    let (_, stdout, _) = publish(&repo, &["--", "--dry-run"]);
    assert_eq!(stdout, "@how/forwarded 1.0.0: only checked, not tagged\n");
    assert_eq!(registry.versions("@how/forwarded"), [""; 0]);
}

#[test]
fn pnpm_and_yarn_publish_what_they_look_after() {
    let registry = NpmRegistry::shared();
    let config = format!("\"publishConfig\": {{\"registry\": \"{}\"}}", registry.address());
    let repo = workspace(&[
        ("@pnpm/b", "1.0.0", &format!("\"dependencies\": {{\"@pnpm/a\": \"workspace:^\"}}, {config}")),
        ("@pnpm/a", "1.0.0", &config),
    ]);
    repo.write(".npmrc", "@pnpm:registry=http://127.0.0.1:1/\n");
    repo.write("pnpm-workspace.yaml", "packages: ['packages/*']\n").write("pnpm-lock.yaml", "lockfileVersion: '9.0'\n");
    repo.write(".gitignore", "node_modules\n").commit("pnpm");
    NpmRegistry::shared().command(&repo, "pnpm").args(["install", "--offline"]).output().unwrap();
    let (code, _, stderr) = publish(&repo, &[]);
    assert_eq!(code, 0, "{stderr}");
    let published = &registry.document("@pnpm/b").unwrap()["versions"]["1.0.0"];
    assert_eq!(published["dependencies"]["@pnpm/a"], "^1.0.0", "pnpm itself replaces what only it understands");

    let repo = workspace(&[("@yarn/a", "1.0.0", "")]);
    let settings = format!(
        "npmRegistryServer: \"{}\"\nunsafeHttpWhitelist: [\"127.0.0.1\"]\nnpmAuthToken: \"{}\"\nnodeLinker: node-modules\n",
        registry.address(),
        registry.token()
    );
    repo.write(".yarnrc.yml", settings).write("yarn.lock", "").write(".gitignore", "node_modules\n.yarn\n");
    let install = NpmRegistry::shared().command(&repo, "yarn").arg("install").output().unwrap();
    assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stdout));
    repo.commit("yarn");
    let (code, stdout, stderr) = publish(&repo, &[]);
    assert_eq!((code, stdout.as_str()), (0, "@yarn/a 1.0.0: published, tagged @yarn/a-v1.0.0\n"), "{stderr}");
    assert_eq!(registry.versions("@yarn/a"), ["1.0.0"]);
}

#[test]
fn what_a_registry_would_refuse_is_refused_before() {
    let repo = workspace(&[("MyLib", "1.0.0", "")]);
    let (code, _, stderr) = publish(&repo, &[]);
    assert_eq!(code, 1);
    assert!(
        stderr.contains("error[package-name-invalid]: `npm/MyLib` cannot be published: it has capital letters"),
        "{stderr}"
    );
    let repo = workspace(&[("@old/a", "1.0.0", "")]);
    repo.write(".sampo/config.toml", "[packages]\nnpm_stage = [\"@old/b\"]\n");
    let (code, _, stderr) = publish(&repo, &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains("error[stage-unmatched]: `@old/b` in `npm_stage` matches no npm package"), "{stderr}");
}

#[test]
fn a_range_that_only_the_workspace_resolves_is_not_published_by_npm() {
    let needs = |section: &str, range: &str| format!("\"{section}\": {{\"@local/a\": \"{range}\"}}");
    for (section, range) in [("dependencies", "workspace:^"), ("peerDependencies", "catalog:")] {
        let repo = workspace(&[("@local/b", "1.0.0", &needs(section, range)), ("@local/a", "1.0.0", "")]);
        for arguments in [&["--dry-run"][..], &[]] {
            let (code, stdout, stderr) = publish(&repo, arguments);
            assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
            let said = format!(
                "error[range-unpublishable]: `npm/@local/b` cannot be published: it depends on `@local/a` as \
                 `{range}`, which `npm` would publish as it stands\nhint: write a range that every package manager reads"
            );
            assert!(stderr.contains(&said), "{stderr}");
        }
        assert_eq!((NpmRegistry::shared().versions("@local/a").len(), tags(&repo).len()), (0, 0));
    }
}

#[test]
fn a_missing_login_is_said_with_what_to_do() {
    let repo = workspace(&[("@login/a", "1.0.0", "")]);
    let registry = NpmRegistry::shared();
    let mut command = registry.command(&repo, env!("CARGO_BIN_EXE_sampo"));
    std::fs::write(repo.outside("home").join(".npmrc"), format!("registry={}\n", registry.address())).unwrap();
    let output = command.arg("publish").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("hint: log in with `npm login`, or let `.npmrc` name a token"), "{stderr}");
    assert_eq!(tags(&repo), [""; 0]);
}

#[test]
fn both_ecosystems_are_published_in_one_run() {
    let crates = CargoRegistry::start();
    let repo = Repo::new();
    repo.write(".sampo/config.toml", "[git]\ntag_format = \"{ecosystem}-{package_name}-v{version}\"\n");
    repo.write(".cargo/config.toml", format!("[registries.test]\nindex = \"{}\"\n", crates.index_url()));
    let manifest = "description = \"x\"\nlicense = \"MIT\"\npublish = [\"test\"]";
    repo.cargo_workspace(&[("both-twin", "1.0.0", manifest)]);
    repo.write("package.json", r#"{"name":"both-twin","version":"2.0.0","files":["index.js"]}"#).write("index.js", "");
    repo.commit("release");
    let output = NpmRegistry::shared()
        .command(&repo, env!("CARGO_BIN_EXE_sampo"))
        .args(["publish", "--cargo-args", "--no-verify"])
        .env("CARGO_HOME", repo.outside("cargo-home"))
        .env("CARGO_NET_OFFLINE", "false")
        .env("CARGO_REGISTRIES_TEST_TOKEN", TOKEN)
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let expected = "both-twin (Cargo) 1.0.0: published, tagged cargo-both-twin-v1.0.0\n\
                    both-twin (npm) 2.0.0: published, tagged npm-both-twin-v2.0.0\n";
    assert_eq!(stdout, expected, "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(crates.published(), ["both-twin@1.0.0"]);
    assert_eq!(NpmRegistry::shared().versions("both-twin"), ["2.0.0"]);
}

/// Puts a program in the place of a package manager: it writes down its arguments and uploads nothing.
#[cfg(unix)]
fn put_in_place_of(repo: &Repo, manager: &str, version: &str) {
    use std::os::unix::fs::PermissionsExt;
    let folder = repo.outside("stand-ins");
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo {version}; else echo \"{manager} $*\" >> '{}/calls'; fi\n\
         if [ \"$1 $2\" = 'pm pack' ]; then touch \"$4/packed.tgz\"; fi\n",
        folder.display()
    );
    let path = folder.join(manager);
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The exit code and both outputs of `sampo publish` with the stand-ins, and the calls that they took.
#[cfg(unix)]
fn publish_with_stand_ins(repo: &Repo, variables: &[(&str, &str)]) -> (i32, String, String) {
    let folder = repo.outside("stand-ins");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut command = NpmRegistry::shared().command(repo, env!("CARGO_BIN_EXE_sampo"));
    let output = command.arg("publish").env("PATH", path).envs(variables.iter().copied()).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    let calls = std::fs::read_to_string(folder.join("calls")).unwrap_or_default();
    let _ = std::fs::remove_file(folder.join("calls"));
    (output.status.code().unwrap(), said, calls)
}

#[cfg(unix)]
#[test]
fn what_is_staged_for_approval_is_tagged_and_then_left_alone() {
    let repo = workspace(&[("@stage/a", "1.0.0", "")]);
    repo.write(".sampo/config.toml", "[packages]\nnpm_stage = [\"@stage/*\"]\n").commit("stage");
    put_in_place_of(&repo, "npm", "11.14.0");
    let (code, said, calls) = publish_with_stand_ins(&repo, &[]);
    assert_eq!((code, calls.as_str()), (1, ""), "{said}");
    assert!(said.contains("`npm` is 11.14.0, and staging for approval needs 11.15.0"), "{said}");
    put_in_place_of(&repo, "npm", "11.15.0");
    let (code, said, calls) = publish_with_stand_ins(&repo, &[]);
    assert_eq!((code, calls.as_str()), (0, "npm stage publish --access public\n"), "{said}");
    assert!(said.contains("@stage/a 1.0.0: staged for approval, tagged @stage/a-v1.0.0\n"), "{said}");
    let (code, said, calls) = publish_with_stand_ins(&repo, &[]);
    assert_eq!((code, calls.as_str()), (2, ""), "{said}");
}

#[cfg(unix)]
#[test]
fn yarn_1_and_bun_are_called_in_their_own_words() {
    let cases = [
        ("yarn@1.22.22", "yarn", vec![], "yarn publish --access public --non-interactive\n"),
        ("bun@1.3.0", "bun", vec![], "bun publish --access public\n"),
        ("bun@1.3.0", "bun", vec![("NPM_ID_TOKEN", "an-identity")], "npm publish --access public "),
    ];
    for (manager, program, variables, expected) in cases {
        let repo = workspace(&[("@own-words/a", "1.0.0", &format!("\"packageManager\": \"{manager}\""))]);
        put_in_place_of(&repo, program, "1.0.0");
        put_in_place_of(&repo, "npm", "11.15.0");
        let (code, said, calls) = publish_with_stand_ins(&repo, &variables);
        assert_eq!(code, 0, "{said}");
        assert!(calls.contains(expected), "{calls}");
        assert!(!said.contains("an-identity"), "{said}");
    }
}
