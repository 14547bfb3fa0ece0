//! The published JSON Schema: generated from the reader, and of one mind with it.
//!
//! An independent validator reads the schema; the module's parser reads the document. What has a wrong shape is refused
//! by both. Names that dangle and settings that contradict each other are beyond a schema.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use portcullis_cli::validate::PORTCULLIS;
use portcullis_core::config::{Config, Problem};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn schema() -> Value {
    Config::schema(PORTCULLIS.kinds)
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

fn problems(document: &Value) -> Vec<Problem> {
    Config::parse(document.to_string().as_bytes(), PORTCULLIS.kinds, &|_| Some("0".repeat(32)))
        .err()
        .unwrap_or_default()
}

#[test]
fn the_published_schema_is_that_of_the_code() {
    let golden = root().join("gateway-api/schema/portcullis.schema.json");
    let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var("GOLDEN").is_ok_and(|golden| golden == "write") {
        fs::write(&golden, &now).unwrap();
    }
    let published = fs::read_to_string(&golden).unwrap_or_default();
    assert!(published == now, "{}: not that of the code; `make golden` rewrites it", golden.display());
}

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::draft202012::meta::is_valid(&schema()));
}

/// Every document of YAML files in a folder.
fn documents(folder: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            found.extend(serde_saphyr::from_multiple::<Value>(&fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
    found
}

/// Every configuration that the repository ships, found by another way than `portcullis validate` takes.
fn shipped() -> Vec<Value> {
    let mut configurations = Vec::new();
    for folder in ["envoy", "gateway-api/envoy-gateway", "gateway-api/envoy-gateway-one-route", "gateway-api/istio"] {
        let before = configurations.len();
        for document in documents(folder) {
            for entry in document["spec"]["wasm"].as_array().into_iter().flatten() {
                configurations.push(entry["config"].clone());
            }
            configurations.extend(document["spec"].get("pluginConfig").cloned());
            let filters = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
            for filter in document.pointer(filters).and_then(Value::as_array).into_iter().flatten() {
                let text = filter.pointer("/typed_config/config/configuration/value").and_then(Value::as_str);
                configurations.extend(text.map(|text| serde_json::from_str::<Value>(text).unwrap()));
            }
        }
        assert!(configurations.len() > before, "{folder} ships no configuration");
    }
    let before = configurations.len();
    let guide = fs::read_to_string(root().join("gateway-api/README.md")).unwrap();
    for block in guide.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next()) {
        configurations.push(serde_saphyr::from_str::<Value>(block).unwrap()["config"].clone());
    }
    assert!(configurations.len() > before, "the guide shows no configuration");
    configurations
}

#[test]
fn every_shipped_configuration_is_good_to_both() {
    let validator = validator();
    for configuration in shipped() {
        let errors: Vec<_> = validator.iter_errors(&configuration).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{configuration}: {errors:?}");
        assert_eq!(problems(&configuration), [], "{configuration}");
    }
}

/// A step from a document to a place in it.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    First,
}

/// `document` with `value` put at the end of `way`; what is missing on the way is made.
fn put(document: &Value, way: &[Step], value: Value) -> Value {
    let mut document = document.clone();
    let mut at = &mut document;
    for step in way {
        at = match step {
            Step::Key(key) => {
                if !at.is_object() {
                    *at = json!({});
                }
                &mut at[key.as_str()]
            }
            Step::First => {
                if !at.is_array() {
                    *at = json!([null]);
                }
                &mut at[0]
            }
        };
    }
    *at = value;
    document
}

/// A place that the schema describes: the way to it, and its part of the schema.
fn places(schema: &Value, way: &mut Vec<Step>, found: &mut Vec<(Vec<Step>, Value)>) {
    found.push((way.clone(), schema.clone()));
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        way.push(Step::Key(key.clone()));
        places(inner, way, found);
        way.pop();
    }
    for (inner, step) in
        [(&schema["items"], Step::First), (&schema["additionalProperties"], Step::Key("default".into()))]
    {
        if inner.is_object() {
            way.push(step);
            places(inner, way, found);
            way.pop();
        }
    }
}

/// The part of the schema that describes the place at the end of `way`.
fn at<'s>(schema: &'s Value, way: &[Step]) -> &'s Value {
    way.iter().fold(schema, |schema, step| match step {
        Step::Key(key) => schema["properties"].get(key).unwrap_or(&schema["additionalProperties"]),
        Step::First => &schema["items"],
    })
}

/// Values that do not have the shape that `schema` describes.
fn misshapen(schema: &Value) -> Vec<Value> {
    let number = |key: &str| schema[key].as_f64().unwrap();
    match schema["type"].as_str() {
        Some("integer") => vec![
            json!(schema["minimum"].as_u64().unwrap() as i64 - 1),
            json!(schema["maximum"].as_u64().unwrap() + 1),
            json!(number("minimum") + 0.5),
            json!("64"),
            json!(null),
            json!(true),
        ],
        Some("number") => vec![json!(number("minimum") - 0.1), json!(number("maximum") + 0.1), json!("1"), json!(null)],
        Some("boolean") => vec![json!("true"), json!(1), json!(null)],
        Some("string") => {
            let long = "a".repeat(usize::try_from(schema["maxLength"].as_u64().unwrap()).unwrap() + 1);
            vec![json!(1), json!(null), json!([]), json!(long)]
        }
        Some("array") => vec![json!({}), json!("x"), json!(null), json!([null])],
        Some("object") => vec![json!([]), json!("x"), json!(null), json!({"no_such_key": 1, "another": 2, "a b": 3})],
        None if schema["oneOf"].is_array() => vec![json!("nonsense"), json!(1), json!(null), json!("")],
        other => panic!("nothing is known about {other:?}"),
    }
}

#[test]
fn what_is_misshapen_is_refused_by_both() {
    let (schema, validator) = (schema(), validator());
    let good = json!({
        "profiles": {"default": {}},
        "routes": [{"profile": "default", "host": "a.example", "header": {"name": "x"}}],
    });
    assert!(validator.is_valid(&good) && problems(&good).is_empty());
    let mut all = Vec::new();
    places(&schema, &mut Vec::new(), &mut all);
    let mut cases = 0;
    for (way, schema) in all {
        for value in misshapen(&schema) {
            let document = put(&good, &way, value);
            assert!(!problems(&document).is_empty(), "the parser takes {document}");
            assert!(!validator.is_valid(&document), "the schema takes {document}");
            cases += 1;
        }
    }
    assert!(cases > 80, "{cases}");
}

#[test]
fn defaults_are_good_to_both() {
    let (schema, validator) = (schema(), validator());
    let mut all = Vec::new();
    places(&schema, &mut Vec::new(), &mut all);
    let mut cases = 0;
    // An entry of a list that must have some keys is not good with one of them alone.
    let stands_alone = |way: &[Step]| (0..way.len()).all(|end| at(&schema, &way[..end]).get("required").is_none());
    for (way, schema) in all.into_iter().filter(|(way, schema)| schema.get("default").is_some() && stands_alone(way)) {
        let document = put(&json!({"profiles": {"default": {}}}), &way, schema["default"].clone());
        assert!(validator.is_valid(&document), "the schema refuses {document}");
        assert_eq!(problems(&document), [], "{document}");
        cases += 1;
    }
    assert!(cases >= 10, "{cases}");
}

#[test]
fn documents_with_parts_missing_or_too_many_are_refused_by_both() {
    let validator = validator();
    let many: Vec<_> = (0..257).map(|_| json!({"profile": "default", "method": "GET"})).collect();
    for document in [
        json!([]),
        json!("{}"),
        json!({"routes": [{"host": "a.example"}], "profiles": {"default": {}}}),
        json!({"routes": [{"profile": "default"}], "profiles": {"default": {}}}),
        json!({"routes": [{"profile": "default", "header": {"exact": "x"}}], "profiles": {"default": {}}}),
        json!({"routes": [{"profile": "default", "header": {}}], "profiles": {"default": {}}}),
        json!({"routes": many, "profiles": {"default": {}}}),
        json!({"profiles": {"default": {}, "a b": {}}, "routes": [{"profile": "a b", "host": "x"}]}),
        json!({"profiles": {"default": {"prompt_guard": {"rules": {"disabled": ["PG-1001", "PG-1001"]}}}}}),
        json!({"profiles": {"default": {"made_up": {}}}}),
    ] {
        assert!(!problems(&document).is_empty(), "the parser takes {document}");
        assert!(!validator.is_valid(&document), "the schema takes {document}");
    }
}
