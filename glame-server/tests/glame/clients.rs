//! Programs that others have made, over the document alone.
//!
//! What they need is installed by `.ci/setup`: Python's into `target/python`, Node's beside the
//! program.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::api::client::{PASSWORD, Served};
use crate::shop::Database;

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap().to_owned()
}

fn clients() -> PathBuf {
    root().join("glame-server/tests/clients")
}

/// Prepares a call of a program that `.ci/setup` installs.
fn installed(program: PathBuf) -> Command {
    assert!(
        program.exists(),
        "{} is missing: run `make setup`",
        program.display()
    );
    let mut command = Command::new(program);
    command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

fn python(program: &str) -> Command {
    installed(root().join("target/python/bin").join(program))
}

/// Prepares a script of `package.json`.
fn npm(script: &str) -> Command {
    let directory = clients().join("typescript");
    let installed = directory.join("node_modules");
    assert!(installed.exists(), "run `make setup`");
    let mut command = Command::new("npm");
    command
        .args(["run", "--silent", script])
        .current_dir(directory)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Reads a variable that the caller of the tests, not the server, has set.
#[expect(
    clippy::disallowed_methods,
    reason = "it is not a setting of the server"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Calls a program, which must end well, and gives what it says.
async fn done(command: &mut Command) -> String {
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaints}");
    said
}

impl Served {
    /// Tells a program where the shop is served and how to sign in.
    fn named_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("GLAME_URL", format!("http://{}", self.address))
            .env("GLAME_STAFF_PASSWORD", PASSWORD)
    }
}

/// Sends what the document allows and what it forbids, and compares every answer with it.
async fn every_answer_is_as_the_document_says(database: Database) {
    let served = Served::without_limits(database).await;
    let number = |name, default: &str| variable(name).unwrap_or_else(|| default.to_owned());
    let directory = tempfile::tempdir().unwrap();
    let mut schemathesis = python("st");
    schemathesis
        .args(["--config-file", "schemathesis.toml", "run", "--no-color"])
        .arg(format!("http://{}/openapi.json", served.address))
        .args(["--max-examples", &number("GLAME_FUZZ_EXAMPLES", "10")])
        .args(["--seed", &number("GLAME_FUZZ_SEED", "1")])
        .env("PYTHONPATH", ".")
        .env("HYPOTHESIS_STORAGE_DIRECTORY", directory.path())
        .current_dir(clients().join("schemathesis"));
    let said = done(served.named_to(&mut schemathesis)).await;
    // Passing tests may tell, too, how much was asked (`--no-capture`).
    eprintln!("{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_as_the_document_says_on_sqlite() {
    every_answer_is_as_the_document_says(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_as_the_document_says_on_postgres() {
    every_answer_is_as_the_document_says(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_typescript_is_generated_compiles_and_works() {
    let served = Served::open(Database::Sqlite).await;
    done(&mut npm("generate")).await;
    done(&mut npm("check")).await;
    let mut program = npm("start");
    let said = done(served.named_to(&mut program)).await;
    assert!(said.contains(" points"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_python_is_generated_and_works() {
    let served = Served::open(Database::Sqlite).await;
    let generated = tempfile::tempdir().unwrap();
    done(
        python("openapi-python-client")
            .args(["generate", "--meta", "none", "--path"])
            .arg(root().join("docs/openapi.json"))
            .arg("--output-path")
            .arg(generated.path().join("glame_client"))
            .current_dir(generated.path()),
    )
    .await;
    let mut program = python("python");
    program
        .arg(clients().join("python/round_trip.py"))
        .env("PYTHONPATH", generated.path());
    let said = done(served.named_to(&mut program)).await;
    assert!(said.contains(" points"), "{said}");
}
