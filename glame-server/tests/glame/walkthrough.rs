//! `docs/API.md` does what it says.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use crate::clients::variable;
use crate::http::SECRET;
use crate::shop::{Database, Shop, small_shop};

/// Between what the blocks print.
const END: &str = "-- the end of the block --\n";

/// A block of commands, and what it prints.
#[derive(Debug)]
struct Step {
    commands: String,
    prints: String,
}

/// Reads the blocks of commands of a document; a block of text after one is what it prints.
fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in document.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        let text = format!("{text}\n");
        match (language, steps.last_mut()) {
            ("sh", _) => steps.push(Step {
                commands: text,
                prints: String::new(),
            }),
            ("text", Some(step)) => step.prints = text,
            _ => {}
        }
    }
    steps
}

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/API.md");
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_runs_as_it_stands() {
    let shop = Shop::closed(small_shop(1), Database::Sqlite).await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let steps = steps(&document());
    // Whatever happens, the server is stopped.
    let mut script =
        "set -eu -o pipefail\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n".to_owned();
    for step in &steps {
        script = format!("{script}{}printf '%s' '{END}'\n", step.commands);
    }
    let glame = Path::new(env!("CARGO_BIN_EXE_glame")).parent().unwrap();
    let path = format!("{}:{}", glame.display(), variable("PATH").unwrap());
    let mut bash = tokio::process::Command::new("bash");
    bash.args(["-c", &script])
        .env_clear()
        .env("PATH", path)
        .env("GLAME_LISTEN", address)
        .env("GLAME_AUTH_SECRET", SECRET)
        .stdin(Stdio::null())
        .current_dir(shop.directory.path());
    for name in ["ONEC_API_URL", "ONEC_API_USER", "ONEC_API_PASSWORD"] {
        bash.env(name, &shop.environment[name]);
    }
    let output = bash.output().await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{complaints}");
    let printed: Vec<&str> = printed.split_terminator(END).collect();
    let expected: Vec<&str> = steps.iter().map(|step| step.prints.as_str()).collect();
    assert_eq!(printed, expected, "{complaints}");
    assert!(steps.len() > 5, "the document has lost its commands");
}
