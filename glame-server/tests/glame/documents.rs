//! The documents in the repository say what the program does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use glame_server::api::ProblemCode;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn glame(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_glame"))
        .args(arguments)
        .env_clear()
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn markdown_files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "*.md"])
        .current_dir(root())
        .output()
        .unwrap();
    let files = String::from_utf8(output.stdout).unwrap();
    files
        .lines()
        .map(|file| root().join(file))
        .filter(|file| file.exists())
        .collect()
}

#[test]
fn the_committed_openapi_document_is_the_served_one() {
    let committed = std::fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    assert_eq!(
        committed.trim(),
        glame(&["openapi"]).trim(),
        "run `glame openapi > docs/openapi.json`"
    );
}

#[test]
fn the_architecture_document_names_every_crate() {
    let text = std::fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        assert!(
            text.contains(&format!("`{name}`")),
            "{name} is missing in ARCHITECTURE.md"
        );
    }
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    let mut broken = BTreeSet::new();
    for file in markdown_files() {
        let text = std::fs::read_to_string(&file).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = link.split('#').next().unwrap_or_default();
            let is_elsewhere = target.is_empty() || target.contains("://") || target.contains(' ');
            let is_code = target.contains("::") || !target.contains(['.', '/']);
            if !is_elsewhere && !is_code && !file.parent().unwrap().join(target).exists() {
                broken.insert(format!("{}: {target}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_command_in_the_settings_and_the_readme_exists() {
    for file in ["README.md", "docs/SETTINGS.md", "docs/ARCHITECTURE.md"] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        for call in text
            .split("`glame ")
            .skip(1)
            .filter_map(|rest| rest.split('`').next())
        {
            let words: Vec<&str> = call
                .split_whitespace()
                .take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
                .filter(|word| !word.starts_with('-'))
                .collect();
            let help = [words.as_slice(), &["--help"]].concat();
            assert!(!glame(&help).is_empty(), "{file}: glame {call}");
        }
    }
}

#[test]
fn every_setting_of_the_example_is_understood() {
    let directory = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(root().join("docs/SETTINGS.md")).unwrap();
    let example = text
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let file = directory.path().join("glame.toml");
    std::fs::write(&file, example).unwrap();
    glame(&["--config", file.to_str().unwrap(), "openapi"]);
}

#[test]
fn the_programme_of_the_document_holds() {
    let directory = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(root().join("docs/LOYALTY.md")).unwrap();
    let example = text.split("```toml\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    std::fs::write(directory.path().join("ours.toml"), example).unwrap();
    let file = directory.path().join("glame.toml");
    std::fs::write(&file, "[loyalty]\nprogramme = \"ours.toml\"\n").unwrap();
    glame(&["--config", file.to_str().unwrap(), "openapi"]);
}

#[test]
fn the_catalogue_of_problems_is_the_one_of_the_code() {
    let text = std::fs::read_to_string(root().join("docs/API.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let documented: Vec<(String, u16)> = rows
        .filter_map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let status = cells.get(2)?.parse().ok()?;
            Some((cells[1].trim_matches('`').to_owned(), status))
        })
        .collect();
    let known: Vec<(String, u16)> = ProblemCode::ALL
        .iter()
        .map(|code| (code.as_str().to_owned(), code.status().as_u16()))
        .collect();
    assert_eq!(documented, known);
}

#[test]
fn every_operation_has_an_example_of_request_and_answer() {
    let document = glame_server::api::document();
    let schemas = &document["components"]["schemas"];
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = format!("{method} {path}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let is_needed = parameter["required"] == true;
                assert!(!is_needed || !parameter["example"].is_null(), "{name}");
            }
            if let Some(body) = operation.get("requestBody") {
                for (kind, content) in body["content"].as_object().unwrap() {
                    let schema = &content["schema"];
                    let shown = match schema["$ref"].as_str() {
                        Some(named) => &schemas[named.rsplit('/').next().unwrap()],
                        None => schema,
                    };
                    assert!(!shown["example"].is_null(), "{name}: {kind}");
                }
            }
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let body = &answer["content"]["application/json"];
                let is_told = !status.starts_with('2') || body.is_null();
                assert!(is_told || body["example"].is_object(), "{name}: {status}");
            }
        }
    }
}
