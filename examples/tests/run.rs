//! Every example runs and prints what it promises.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

use std::path::Path;
use std::process::{Command, Stdio};

/// Runs an example that was built together with this test.
fn run(example: &str) -> String {
    let test = std::env::current_exe().unwrap();
    let built = test
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("examples")
        .join(example);
    let output = Command::new(&built).stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn rfm_of_a_csv_scores_its_sample() {
    let printed = run("rfm_of_a_csv");
    assert!(
        printed.contains("anna: R5F2M3, 10 of 15, potential_loyal"),
        "{printed}"
    );
}

#[test]
fn embed_the_sync_prints_the_best_customers() {
    assert_eq!(run("embed_the_sync").lines().count(), 3);
}

#[test]
fn check_your_scoring_holds() {
    assert!(run("check_your_scoring").contains("never raises"));
}

#[test]
fn check_your_programme_finds_nothing_against_its_sample() {
    let printed = run("check_your_programme");
    assert!(printed.contains("keeps every property"), "{printed}");
}
