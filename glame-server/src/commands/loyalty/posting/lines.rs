use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use glame_core::loyalty::{
    Command, CustomerFacts, IdempotencyKey, Posting, ReceiptFact, Request, ReturnFact,
};
use glame_core::values::UserId;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::commands::CommandError;
use crate::commands::loyalty::moment::{ParseMomentError, kept};

/// The most bytes of a line; a posting needs some hundred.
const LONGEST_LINE: usize = 64 * 1_024;

/// A posting as a line tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    pub(super) user: UserId,
    #[serde(default)]
    pub(super) idempotency_key: Option<IdempotencyKey>,
    #[serde(flatten)]
    pub(super) request: Request,
}

/// Why a line cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LineError(pub(super) String);

/// A line of the file, by its number.
#[derive(Debug)]
pub(super) struct NumberedLine {
    pub(super) number: u64,
    pub(super) content: Result<Line, LineError>,
}

impl Line {
    fn parse(bytes: &[u8]) -> Result<Self, LineError> {
        let told: Value = serde_json::from_slice(bytes).map_err(|error| told_wrong(&error))?;
        let mut line: Self =
            serde_json::from_value(told.clone()).map_err(|error| told_wrong(&error))?;
        line.refuse_unknown_fields(&told)?;
        let command = &mut line.request.command;
        keep_times(command).map_err(|error| LineError(error.to_string()))?;
        let is_nil = |receipt: glame_core::values::DocumentRef| receipt.as_uuid().is_nil();
        if command.receipt().is_some_and(is_nil) {
            return Err(LineError("the zero GUID names no receipt".to_owned()));
        }
        let needs_key = !matches!(command, Command::Expire | Command::Reconcile { .. });
        if needs_key && line.idempotency_key.is_none() {
            return Err(LineError(
                "give an idempotency_key, so that the line can be sent again".to_owned(),
            ));
        }
        Ok(line)
    }

    /// Refuses a field that would be passed over in silence, such as a misspelt one.
    fn refuse_unknown_fields(&self, told: &Value) -> Result<(), LineError> {
        let known = serde_json::to_value(&self.request).map_err(|error| told_wrong(&error))?;
        let is_known =
            |name: &str| known.get(name).is_some() || name == "user" || name == "idempotency_key";
        let fields = told.as_object().into_iter().flatten();
        for (name, value) in fields {
            if !value.is_null() && !is_known(name) {
                let name: String = name.chars().take(50).collect();
                return Err(LineError(format!("there is no field {name:?} here")));
            }
        }
        Ok(())
    }

    pub(super) fn posting(&self) -> Posting {
        Posting {
            user: self.user,
            key: self.idempotency_key.clone(),
            request: self.request.clone(),
            customer: CustomerFacts::default(),
        }
    }
}

/// Cuts the times of a command to what databases keep.
fn keep_times(command: &mut Command) -> Result<(), ParseMomentError> {
    let times = match command {
        Command::Receipt(ReceiptFact { purchased_at, .. }) => [Some(purchased_at), None],
        Command::Return(ReturnFact { returned_at, .. }) => [Some(returned_at), None],
        Command::Bonus {
            available_from,
            expires_at,
            ..
        } => [available_from.as_mut(), expires_at.as_mut()],
        Command::Spend { .. }
        | Command::Adjust { .. }
        | Command::Expire
        | Command::Reverse { .. }
        | Command::Reconcile { .. } => [None, None],
    };
    for time in times.into_iter().flatten() {
        *time = kept(*time)?;
    }
    Ok(())
}

fn told_wrong(error: &serde_json::Error) -> LineError {
    LineError(error.to_string())
}

/// Reads the lines of a file, `-` for standard input, ahead of whoever takes them; empty ones are
/// passed over.
///
/// A thread of its own reads, because nothing else can be told to stop waiting for standard input.
pub(super) fn lines_of(
    file: &Path,
    ahead: usize,
) -> Result<mpsc::Receiver<Result<NumberedLine, CommandError>>, CommandError> {
    let source: Box<dyn Read + Send> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let opened = File::open(file);
        Box::new(opened.map_err(|error| format!("cannot read {}: {error}", file.display()))?)
    };
    let (sender, receiver) = mpsc::channel(ahead);
    std::thread::spawn(move || {
        let mut source = BufReader::new(source);
        for number in 1.. {
            let line = match next_line(&mut source) {
                Ok(Some(line)) => line,
                Ok(None) => return,
                Err(error) => {
                    let message = format!("the lines cannot be read: {error}");
                    // Nobody is left to hear it if the receiver has gone.
                    let _ = sender.blocking_send(Err(message.into()));
                    return;
                }
            };
            let content = match line {
                Ok(bytes) if bytes.trim_ascii().is_empty() => continue,
                Ok(bytes) => Line::parse(&bytes),
                Err(error) => Err(error),
            };
            let line = NumberedLine { number, content };
            if sender.blocking_send(Ok(line)).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// Reads the next line without keeping more of it than a line may have.
fn next_line(source: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, LineError>>> {
    let mut line = Vec::new();
    let limit = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
    let read = source.by_ref().take(limit).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.len() < LONGEST_LINE || line.ends_with(b"\n") {
        return Ok(Some(Ok(line)));
    }
    loop {
        line.clear();
        let read = source.by_ref().take(limit).read_until(b'\n', &mut line)?;
        if read == 0 || line.ends_with(b"\n") {
            let message = format!("a line has at most {LONGEST_LINE} bytes");
            return Ok(Some(Err(LineError(message))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Line, LineError> {
        Line::parse(text.as_bytes())
    }

    fn spend(more: &str) -> String {
        format!(
            r#"{{"user": "7a10c001-3f2b-11ef-8a01-0050569a0001", "idempotency_key": "k",
                "command": "spend", "points": 100, "reason": "тест", "source": "platform"{more}}}"#
        )
    }

    #[test]
    fn a_line_is_a_posting() {
        let line = parse(&spend(r#", "receipt": null"#)).unwrap();
        assert!(matches!(
            line.request.command,
            Command::Spend { receipt: None, .. }
        ));
    }

    #[test]
    fn a_line_that_is_not_wholly_understood_is_refused() {
        let cases = [
            (String::new(), "EOF"),
            ("[]".to_owned(), "invalid"),
            (
                spend(r#", "recipt": "7a10c001-3f2b-11ef-8a01-0050569a0001""#),
                "recipt",
            ),
            (
                spend(r#", "receipt": "00000000-0000-0000-0000-000000000000""#),
                "zero GUID",
            ),
            (spend("").replace("idempotency_key", "key"), "key"),
            (spend("").replace(r#""k""#, "null"), "idempotency_key"),
            (spend("").replace("100", "-100"), "points"),
            (spend("").replace("100", "100.5"), "100.5"),
            (spend("").replace("spend", "steal"), "steal"),
        ];
        for (text, expected) in cases {
            let LineError(message) = parse(&text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn times_are_cut_to_what_databases_keep() {
        let text = spend("").replace(
            r#""spend", "points": 100"#,
            r#""bonus", "points": 1, "rule": "r", "occasion": "o",
                "expires_at": "2030-01-01T00:00:00.123456789Z""#,
        );
        let line = parse(&text).unwrap();
        let Command::Bonus { expires_at, .. } = line.request.command else {
            panic!("{line:?}");
        };
        assert_eq!(
            expires_at.unwrap().to_rfc3339(),
            "2030-01-01T00:00:00.123456+00:00"
        );
        let far = text.replace("2030-01-01", "+12030-01-01");
        assert!(parse(&far).is_err());
    }

    #[test]
    fn a_line_without_end_is_passed_over_whole() {
        let mut text = vec![b'x'; 3 * LONGEST_LINE + 17];
        text.extend_from_slice(b"\nnext\n\nlast");
        let mut source = BufReader::new(text.as_slice());
        assert!(next_line(&mut source).unwrap().unwrap().is_err());
        for expected in ["next\n", "\n", "last"] {
            let line = next_line(&mut source).unwrap().unwrap().unwrap();
            assert_eq!(line, expected.as_bytes());
        }
        assert!(next_line(&mut source).unwrap().is_none());
    }
}
