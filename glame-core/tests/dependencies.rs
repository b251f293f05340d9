//! The core does no I/O, and what it is built from shows it.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

use std::process::Command;

/// Gives the names of all crates that the core is built from with these features.
fn crates(features: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "glame-core",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ])
        .args(["--offline", "--format", "{p}"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines()
        .filter_map(|line| Some(line.split_whitespace().next()?.to_owned()))
        .collect()
}

const FORBIDDEN: [&str; 6] = ["tokio", "sqlx", "sqlx-core", "reqwest", "hyper", "poem"];

#[test]
fn the_core_is_built_without_any_io_crate() {
    let crates = crates(&[]);
    assert!(
        crates.iter().any(|name| name == "chrono"),
        "the tree could not be read: {crates:?}"
    );
    let found: Vec<&String> = crates
        .iter()
        .filter(|name| FORBIDDEN.contains(&name.as_str()))
        .collect();
    assert!(found.is_empty(), "glame-core must not depend on {found:?}");
}

#[test]
fn the_testkit_may_use_tokio() {
    assert!(
        crates(&["--features", "testkit"])
            .iter()
            .any(|name| name == "tokio")
    );
}
