//! JSON Schemas of every file that Sampo reads or writes, made from the types themselves.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::config;
use crate::config::distribute::BackendCommon;
use crate::distribute::backend::command::ArtifactList;
use crate::distribute::backend::directory::{Latest, Manifest};
use crate::distribute::backend::{BackendType, TYPES};
use crate::distribute::doctor::Diagnosis;
use crate::distribute::matrix;
use crate::distribute::report::Report;
use crate::distribute::status::Status;
use crate::distribute::verify::Verification;
use crate::publish::report::PublishReport;
use crate::release::plan_file::ReleasePlan;
use crate::release::report::ReleaseReport;

/// Every schema, with the name of its file in `schemas/`.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("artifacts.schema.json", schema_of::<ArtifactList>()),
        ("build-matrix.schema.json", matrix::schema()),
        ("config.schema.json", config_schema()),
        ("distribute-diagnosis.schema.json", schema_of::<Diagnosis>()),
        ("distribute-report.schema.json", schema_of::<Report>()),
        ("distribute-status.schema.json", schema_of::<Status>()),
        ("distribute-verification.schema.json", schema_of::<Verification>()),
        ("latest.schema.json", schema_of::<Latest>()),
        ("manifest.schema.json", schema_of::<Manifest>()),
        ("publish-report.schema.json", schema_of::<PublishReport>()),
        ("release-plan.schema.json", schema_of::<ReleasePlan>()),
        ("release-report.schema.json", schema_of::<ReleaseReport>()),
    ]
}

fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}

/// The configuration's schema, with the keys of each type of backend.
fn config_schema() -> Value {
    let mut schema = config::schema(&mut inlined()).to_value();
    let backends: Vec<Value> = TYPES.iter().map(backend_schema).collect();
    let backends = json!({
        "description": "The configured destinations, by name",
        "type": "object",
        "additionalProperties": { "oneOf": backends },
    });
    schema["title"] = "Sampo's configuration".into();
    schema["properties"]["distribute"]["properties"]["backends"] = backends;
    schema
}

/// The keys that all backends have, those of its type, and the type itself, which is the only one that must be there.
fn backend_schema(kind: &BackendType) -> Value {
    let mut schema = (kind.schema)(&mut inlined()).to_value();
    let common = inlined().into_root_schema_for::<BackendCommon>().to_value();
    let mut properties = Map::from_iter([("type".to_owned(), json!({ "const": kind.name }))]);
    for keys in [&schema["properties"], &common["properties"]] {
        properties.extend(keys.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    }
    schema["properties"] = properties.into();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    schema["required"] = std::iter::once(json!("type")).chain(required).collect();
    schema
}

/// Editors show the description of a key only where it stands, so nothing is moved into definitions.
fn inlined() -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Run with `UPDATE_SCHEMAS=1` to write them anew.
    #[test]
    fn the_schemas_in_the_repository_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
        for (name, schema) in all() {
            let path = folder.join(name);
            let text = format!("{schema:#}\n");
            if std::env::var_os("UPDATE_SCHEMAS").is_some() {
                crate::atomic::write(&path, &text).unwrap();
            }
            let written = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
            assert!(
                written == text,
                "`schemas/{name}` is out of date: run `UPDATE_SCHEMAS=1 cargo test -p sampo-core schema`"
            );
        }
    }

    #[test]
    fn every_type_of_backend_is_in_the_configurations_schema() {
        let text = config_schema().to_string();
        for kind in TYPES {
            assert!(text.contains(&format!("{{\"const\":\"{}\"}}", kind.name)), "{}", kind.name);
        }
    }
}
