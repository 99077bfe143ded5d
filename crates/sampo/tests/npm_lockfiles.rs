//! `sampo release` keeps the lock files of npm, pnpm, Yarn and Bun in step, and changes nothing else in them.

use sampo_testkit::{NpmRegistry, Repo};

const B: &str = "{\n  \"name\": \"b\",\n  \"version\": \"0.3.0\",\n  \"dependencies\": {\n    \"@x/a\": \"^1.0.0\"\n  },\n  \"devDependencies\": {\n    \"c\": \"RANGE\"\n  }\n}\n";

/// A workspace in which `b` needs `@x/a` and, with `range`, `c`; with a note that `@x/a` breaks and `c` changes.
fn workspace(range: &str) -> Repo {
    let repo = Repo::new();
    repo.write(".sampo/config.toml", "")
        .write(
            "package.json",
            "{\n  \"name\": \"root\",\n  \"private\": true,\n  \"workspaces\": [\n    \"packages/*\"\n  ]\n}\n",
        )
        .write("packages/a/package.json", "{\n  \"name\": \"@x/a\",\n  \"version\": \"1.0.0\"\n}\n")
        .write("packages/b/package.json", B.replace("RANGE", range))
        .write("packages/c/package.json", "{\n  \"name\": \"c\",\n  \"version\": \"2.0.0\"\n}\n")
        .write(".sampo/changesets/note.md", "---\nnpm/@x/a: major\nnpm/c: patch\n---\n\nIt moved.\n");
    repo
}

fn release(repo: &Repo) {
    let output = repo.command(env!("CARGO_BIN_EXE_sampo")).arg("release").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
fn run(repo: &Repo, program: &str, arguments: &[&str]) {
    let output = NpmRegistry::shared().command(repo, program).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
}

/// The lock file after a release is what the package manager itself would have written.
#[track_caller]
fn same_as_the_tool(range: &str, lockfile: &str, program: &str, lock: &[&str]) {
    let repo = workspace(range);
    run(&repo, program, lock);
    let before = repo.read(lockfile);
    release(&repo);
    let ours = repo.read(lockfile);
    assert_ne!(ours, before);
    repo.command("rm").args(["-rf", lockfile, "node_modules"]).status().unwrap();
    run(&repo, program, lock);
    assert_eq!(ours, repo.read(lockfile));
}

#[test]
fn package_lock_json_is_what_npm_would_write() {
    let lock = ["install", "--package-lock-only", "--no-audit", "--no-fund", "--offline"];
    same_as_the_tool("2.0.0", "package-lock.json", "npm", &lock);
}

#[test]
fn pnpm_lock_yaml_is_what_pnpm_would_write() {
    let repo = workspace("workspace:~");
    repo.write("pnpm-workspace.yaml", "packages:\n  - packages/*\nlinkWorkspacePackages: true\n");
    let lock = ["install", "--lockfile-only", "--offline"];
    run(&repo, "pnpm", &lock);
    let before = repo.read("pnpm-lock.yaml");
    release(&repo);
    let expected = before.replace("^1.0.0", "^2.0.0").replace("workspace:~", "workspace:~2.0.1");
    assert_eq!(repo.read("pnpm-lock.yaml"), expected);
    run(&repo, "pnpm", &["install", "--frozen-lockfile", "--lockfile-only", "--offline"]);
}

#[test]
fn yarn_lock_is_what_yarn_would_write() {
    let repo = workspace("workspace:~");
    repo.write("yarn.lock", "").write(".yarnrc.yml", "nodeLinker: node-modules\n");
    run(&repo, "yarn", &["install", "--mode=update-lockfile"]);
    let before = repo.read("yarn.lock");
    release(&repo);
    let expected = before
        .replace("^1.0.0", "^2.0.0")
        .replace("workspace:~\"", "workspace:~2.0.1\"")
        .replace("workspace:~,", "workspace:~2.0.1,");
    assert_eq!(repo.read("yarn.lock"), expected);
    run(&repo, "yarn", &["install", "--immutable", "--mode=skip-build"]);
}

#[test]
fn bun_lock_follows_in_its_workspaces() {
    let repo = workspace("workspace:*");
    let lock = "{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {\n    \"\": { \"name\": \"root\", },\n    \"packages/a\": {\n      \"name\": \"@x/a\",\n      \"version\": \"1.0.0\",\n    },\n    \"packages/b\": {\n      \"name\": \"b\",\n      \"version\": \"0.3.0\",\n      \"dependencies\": {\n        \"@x/a\": \"^1.0.0\",\n      },\n    },\n  },\n  \"packages\": {\n    \"@x/a\": [\"@x/a@workspace:packages/a\"],\n\n    \"other\": [\"other@1.0.0\", \"\", {}, \"sha512-0\"],\n  }\n}\n";
    repo.write("bun.lock", lock);
    release(&repo);
    let expected = lock
        .replace("\"version\": \"1.0.0\"", "\"version\": \"2.0.0\"")
        .replace("\"version\": \"0.3.0\"", "\"version\": \"0.3.1\"")
        .replace("^1.0.0", "^2.0.0");
    assert_eq!(repo.read("bun.lock"), expected);
}

#[test]
fn the_binary_lock_file_of_bun_is_left_with_a_warning() {
    let repo = workspace("*");
    repo.write("bun.lockb", [0u8, 159, 146, 150]);
    let output = repo.command(env!("CARGO_BIN_EXE_sampo")).arg("release").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert!(
        stderr.contains(
            "warning: `bun.lockb` cannot be brought up to date here\nhint: run `bun install --lockfile-only`"
        ),
        "{stderr}"
    );
}
