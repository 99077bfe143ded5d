//! The body of a publish call: metadata as JSON and the packed crate, each behind its length.

use std::io::Read;

use axum::body::Bytes;
use flate2::read::GzDecoder;
use semver::{Version, VersionReq};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A crate that keeps all rules which do not depend on the rest of the registry.
pub(super) struct Upload {
    pub name: String,
    pub version: String,
    /// Its line in the index.
    pub line: Value,
    /// The crates of the same registry that it depends on.
    pub needs: Vec<String>,
    pub file: Bytes,
}

impl Upload {
    /// Reads and checks the body; the error is what the registry answers.
    pub fn read(body: &Bytes) -> Result<Self, String> {
        let mut rest = body.clone();
        let metadata = take_block(&mut rest)?;
        let file = take_block(&mut rest)?;
        if !rest.is_empty() {
            return Err(format!("{} bytes too many behind the crate", rest.len()));
        }
        let metadata: Value =
            serde_json::from_slice(&metadata).map_err(|error| format!("invalid upload request: {error}"))?;
        let name = checked_name(&metadata)?;
        let version = text(&metadata, "vers")?;
        Version::parse(&version).map_err(|_| format!("\"{version}\" is an invalid semver version"))?;
        check_required_fields(&metadata)?;
        check_file(&file, &format!("{name}-{version}"))?;
        let dependencies: Vec<Value> =
            list(&metadata, "deps")?.iter().map(index_dependency).collect::<Result<_, _>>()?;
        let needs =
            list(&metadata, "deps")?.iter().map(|dependency| text(dependency, "name")).collect::<Result<_, _>>()?;
        let line = json!({
            "name": name, "vers": version, "deps": dependencies, "features": metadata["features"],
            "cksum": hex::encode(Sha256::digest(&file)), "yanked": false, "links": metadata["links"],
            "rust_version": metadata["rust_version"],
        });
        Ok(Self { name, version, line, needs, file })
    }
}

/// A 32-bit little-endian length, and as many bytes.
fn take_block(rest: &mut Bytes) -> Result<Bytes, String> {
    let too_short = || "invalid upload request: the body is too short".to_owned();
    let length: [u8; 4] = rest.get(..4).and_then(|bytes| bytes.try_into().ok()).ok_or_else(too_short)?;
    let end = 4 + u32::from_le_bytes(length) as usize;
    if rest.len() < end {
        return Err(too_short());
    }
    Ok(rest.split_to(end).slice(4..))
}

fn checked_name(metadata: &Value) -> Result<String, String> {
    let name = text(metadata, "name")?;
    let is_valid = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if is_valid { Ok(name) } else { Err(format!("invalid crate name: `{name}`")) }
}

fn check_required_fields(metadata: &Value) -> Result<(), String> {
    let filled = |key: &str| metadata[key].as_str().is_some_and(|text| !text.trim().is_empty());
    let mut missing = Vec::new();
    if !filled("description") {
        missing.push("description");
    }
    if !filled("license") && !filled("license_file") {
        missing.push("license");
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("missing or empty metadata fields: {}", missing.join(", "))) }
}

/// A gzipped tar with everything below `NAME-VERSION/`, a manifest among it.
fn check_file(file: &[u8], folder: &str) -> Result<(), String> {
    let mut archive = tar::Archive::new(GzDecoder::new(file).take(64 * 1024 * 1024));
    let mut has_manifest = false;
    let unreadable = |error: std::io::Error| format!("uploaded tarball is malformed: {error}");
    for entry in archive.entries().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path().map_err(unreadable)?.into_owned();
        let inside = path.strip_prefix(folder).map_err(|_| "invalid path found in uploaded tarball".to_owned())?;
        has_manifest |= inside == std::path::Path::new("Cargo.toml");
    }
    if has_manifest { Ok(()) } else { Err("uploaded tarball is missing a `Cargo.toml` manifest file".into()) }
}

/// The index calls a renamed dependency by its new name and keeps the crate's own name apart; the publish call has it
/// the other way round.
fn index_dependency(dependency: &Value) -> Result<Value, String> {
    let name = text(dependency, "name")?;
    let requirement = text(dependency, "version_req")?;
    if !dependency["registry"].is_null() {
        return Err(format!(
            "Dependency `{name}` is hosted on another registry. Cross-registry dependencies are not permitted"
        ));
    }
    if requirement == "*" {
        return Err(format!(
            "wildcard (`*`) dependency constraints are not allowed. Crate with this problem: `{name}`"
        ));
    }
    VersionReq::parse(&requirement).map_err(|_| format!("\"{requirement}\" is an invalid version requirement"))?;
    let renamed = dependency["explicit_name_in_toml"].as_str();
    let mut line = json!({ "name": renamed.unwrap_or(&name), "req": requirement, "registry": null });
    for key in ["features", "optional", "default_features", "target", "kind"] {
        line[key] = dependency[key].clone();
    }
    if renamed.is_some() {
        line["package"] = name.into();
    }
    Ok(line)
}

fn text(value: &Value, key: &str) -> Result<String, String> {
    value[key].as_str().map(str::to_owned).ok_or_else(|| format!("invalid upload request: missing field `{key}`"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>, String> {
    value[key].as_array().ok_or_else(|| format!("invalid upload request: missing field `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn packed(path: &str) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        archive.append_data(&mut header, path, std::io::empty()).unwrap();
        archive.into_inner().unwrap().finish().unwrap()
    }

    fn body(metadata: &Value, file: &[u8]) -> Bytes {
        let metadata = metadata.to_string();
        let block = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_le_bytes(), bytes].concat();
        [block(metadata.as_bytes()), block(file)].concat().into()
    }

    fn metadata() -> Value {
        json!({
            "name": "a", "vers": "1.0.0", "description": "x", "license": "MIT", "features": {}, "links": null,
            "deps": [{
                "name": "b", "version_req": "^1", "explicit_name_in_toml": "c", "registry": null, "features": [],
                "optional": false, "default_features": true, "target": null, "kind": "normal",
            }],
        })
    }

    #[test]
    fn a_renamed_dependency_has_its_new_name_in_the_index() {
        let upload = Upload::read(&body(&metadata(), &packed("a-1.0.0/Cargo.toml"))).ok().unwrap();
        assert_eq!((&upload.line["deps"][0]["name"], &upload.line["deps"][0]["package"]), (&json!("c"), &json!("b")));
        assert_eq!(upload.needs, ["b"]);
    }

    #[test]
    fn what_breaks_a_rule_is_refused() {
        let changed = |pointer: &str, value: Value| {
            let mut metadata = metadata();
            *metadata.pointer_mut(pointer).unwrap() = value;
            metadata
        };
        let good = packed("a-1.0.0/Cargo.toml");
        let table = [
            (body(&changed("/name", "0a".into()), &good), "invalid crate name: `0a`"),
            (body(&changed("/vers", "1".into()), &good), "\"1\" is an invalid semver version"),
            (body(&changed("/license", "".into()), &good), "missing or empty metadata fields: license"),
            (body(&changed("/deps/0/registry", "x".into()), &good), "Dependency `b` is hosted on another registry"),
            (body(&changed("/deps/0/version_req", "*".into()), &good), "wildcard (`*`) dependency constraints"),
            (body(&metadata(), &packed("b-1.0.0/Cargo.toml")), "invalid path found in uploaded tarball"),
            (body(&metadata(), &packed("a-1.0.0/src/lib.rs")), "uploaded tarball is missing a `Cargo.toml`"),
            (body(&metadata(), b"no gzip"), "uploaded tarball is malformed"),
            (body(&metadata(), &good).slice(..20), "invalid upload request: the body is too short"),
            ([&body(&metadata(), &good)[..], b"!"].concat().into(), "1 bytes too many"),
        ];
        for (body, expected) in table {
            let reason = Upload::read(&body).err().unwrap();
            assert!(reason.starts_with(expected), "{reason}");
        }
    }
}
