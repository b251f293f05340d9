use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_glame-onec-simulator"))
}

#[test]
fn wrong_usage_ends_with_2_and_says_why() {
    for arguments in [
        vec!["--fault", "rest"],
        vec!["--fault", "reset=2"],
        vec!["--shop", "nobody"],
        vec!["--shop", "online-retail", "--lines", "5"],
        vec!["--listen", "here"],
        vec!["--lines", "-1"],
        vec!["--unknown"],
    ] {
        let output = program().args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            String::from_utf8(output.stderr).unwrap().contains("error:"),
            "{arguments:?}"
        );
    }
}

#[test]
fn what_cannot_be_done_ends_with_1_and_one_line() {
    let arguments = ["--listen", "127.0.0.1:0", "--scenario", "no-such-file.json"];
    let output = program().args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.starts_with("glame-onec-simulator: cannot read the scenario"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn the_help_names_every_fault() {
    let output = program().arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for fault in glame_onec_simulator::Fault::ALL {
        assert!(text.contains(fault.name()), "{}", fault.name());
    }
}

#[test]
fn the_program_says_where_it_listens_and_who_may_come_in() {
    let mut running = program()
        .args([
            "--listen",
            "127.0.0.1:0",
            "--customers",
            "5",
            "--lines",
            "50",
            "--user",
            "Обмен",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> = BufReader::new(running.stdout.take().unwrap())
        .lines()
        .take(3)
        .map(Result::unwrap)
        .collect();
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(lines[0].starts_with("url:      http://127.0.0.1:"));
    assert!(lines[0].ends_with("/a/sbm/1234567/odata/standard.odata"));
    assert_eq!(lines[1..], ["user:     Обмен", "password: odata"]);
}

#[test]
fn a_scenario_that_is_no_scenario_is_refused_with_its_place() {
    let path = std::env::temp_dir().join(format!("scenario-{}.json", std::process::id()));
    std::fs::write(&path, "{\"steps\": [{\"do\": \"dance\"}]}").unwrap();
    let output = program()
        .args(["--listen", "127.0.0.1:0", "--scenario"])
        .arg(&path)
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("the scenario is not valid"), "{text}");
    assert!(text.contains("unknown variant `dance`"), "{text}");
}
