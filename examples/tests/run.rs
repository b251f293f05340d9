//! Every example runs and prints what it promises.
#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is a failed test"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs an example that was built together with this test.
fn run(example: &str) -> String {
    let output = run_with(example, &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn run_with(example: &str, arguments: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let built = test
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("examples")
        .join(example);
    Command::new(&built)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Writes a file that only one test uses.
fn written(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
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

/// Gives numbers between zero and one, the same in every run.
struct Draws(u64);

#[expect(clippy::float_arithmetic, reason = "customers are drawn by chance")]
impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        let bits = u32::try_from(self.0 >> 32).unwrap();
        (f64::from(bits) + 0.5) / 4_294_967_296.0
    }

    fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// Draws repeat purchases and the week of the last one: everybody has a pace and a chance to drop
    /// out after each purchase of their own.
    fn customer(&mut self, weeks: f64) -> (u32, f64) {
        let (pace, drop_out) = (0.2 * self.exponential(), self.uniform().powi(2));
        let (mut repeats, mut last) = (0, 0.0);
        while self.uniform() >= drop_out {
            let next = last + self.exponential() / pace;
            if next > weeks {
                break;
            }
            (repeats, last) = (repeats + 1, next);
        }
        (repeats, last)
    }
}

/// Three hundred customers, of whom about half come back.
fn customers() -> String {
    let mut draws = Draws(7);
    let rows = (0..300).map(|number| {
        let weeks = 30 + number % 10;
        let (repeats, last) = draws.customer(f64::from(weeks));
        let mean = if repeats == 0 { 0 } else { 5 + number % 43 };
        format!("c{number},{repeats},{last:.2},{weeks},{mean}\n")
    });
    "id,x,t_x,T,m\n".to_owned() + &rows.collect::<String>()
}

#[test]
fn fit_buying_models_prints_the_fit_of_every_model() {
    let file = written("customers.csv", &customers());
    let file = file.to_str().unwrap();
    let models = [
        ("mbg-nbd", &["a", "alpha", "b", "r"][..]),
        ("bg-nbd", &["a", "alpha", "b", "r"]),
        ("pareto-nbd", &["alpha", "beta", "r", "s"]),
        ("gamma-gamma", &["gamma", "p", "q"]),
    ];
    for (model, names) in models {
        let output = run_with("fit_buying_models", &[file, "--model", model]);
        assert!(output.status.success(), "{output:?}");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["model"], model);
        let customers = customers();
        let once = customers.lines().filter(|row| row.contains(",0,0.00,"));
        let looked_at = match model {
            "gamma-gamma" => 300 - once.count(),
            _ => 300,
        };
        assert_eq!(json["n"], looked_at);
        assert_eq!(json["verdict"], "converged", "{json}");
        assert!(json["log_likelihood"].is_f64() && json["seconds"].is_f64());
        let parameters = json["parameters"].as_object().unwrap();
        assert!(parameters.keys().eq(names.iter()), "{json}");
        assert!(parameters.values().all(serde_json::Value::is_f64));
    }
}

#[test]
fn fit_buying_models_predicts_a_row_for_each_customer() {
    let file = written("predicted.csv", &customers());
    let file = file.to_str().unwrap();
    let models = [
        ("mbg-nbd", 7),
        ("bg-nbd", 7),
        ("pareto-nbd", 7),
        ("gamma-gamma", 2),
    ];
    for (model, columns) in models {
        let arguments = [file, "--model", model, "--predict", "39"];
        let output = run_with("fit_buying_models", &arguments);
        assert!(output.status.success(), "{output:?}");
        let csv = String::from_utf8(output.stdout).unwrap();
        assert_eq!(csv.lines().count(), 301);
        assert!(csv.lines().all(|line| line.split(',').count() == columns));
        assert!(csv.lines().nth(1).unwrap().starts_with("c0,"), "{csv}");
    }
}

#[test]
fn fit_buying_models_says_where_a_file_is_wrong() {
    let cases = [
        ("", "line 1: the header id,x,t_x,T,m is missing"),
        ("id,x,T,m\n", "line 1: the column t_x is missing"),
        (
            "id,x,t_x,T,m\n1,2,3\n",
            "line 2: 3 cells where the header has 5",
        ),
        (
            "id,x,t_x,T,m\n1,0,0,9,0\n2,two,3,9,1\n",
            "line 3, column 2 (x): \"two\"",
        ),
        (
            "id,x,t_x,T,m\n1,2,early,9,1\n",
            "line 2, column 3 (t_x): \"early\"",
        ),
        (
            "id,x,t_x,T,m\n1,2,10,9,1\n",
            "line 2, column 3 (t_x): t_x is beyond T",
        ),
        ("id,x,t_x,T,m\n1,2,1,NaN,1\n", "line 2, column 4 (T): "),
        ("id,x,t_x,T,m\n1,2,1,9,-1\n", "line 2, column 5 (m): "),
    ];
    for (number, (csv, expected)) in (1..).zip(cases) {
        let file = written(&format!("wrong-{number}.csv"), csv);
        let output = run_with(
            "fit_buying_models",
            &[file.to_str().unwrap(), "--model", "mbg-nbd"],
        );
        assert_eq!(output.status.code(), Some(1));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(expected), "{error}");
        assert!(output.stdout.is_empty());
    }
    let nowhere = run_with("fit_buying_models", &["nowhere.csv", "--model", "mbg-nbd"]);
    assert_eq!(nowhere.status.code(), Some(1));
}
