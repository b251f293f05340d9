//! What `docs/WEBHOOKS.md` tells integrators is what they get.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use glame_core::loyalty::{
    LoyaltyAccount, LoyaltyProgramme, LoyaltyTransaction, TransactionKind, decide,
};
use glame_core::ports::{SegmentTransition, Transition};
use glame_core::sync::{SyncCounts, SyncKind, SyncRun, SyncStatus};
use glame_core::testkit::fixtures::loyalty::{adjust, bonus, earn, posting, spend, take_back};
use glame_core::testkit::fixtures::webhooks::event_id;
use glame_core::testkit::fixtures::{customer, minute, run};
use glame_core::values::SegmentId;
use glame_core::webhooks::{EventType, OutboxEvent};
use serde_json::Value;
use uuid::Uuid;

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/WEBHOOKS.md");
    std::fs::read_to_string(path).unwrap()
}

/// Gives the blocks of code of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let begun = text.split(fence.as_str()).skip(1);
    begun
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// Gives a ledger in which every kind of transaction occurs.
fn ledger() -> Vec<LoyaltyTransaction> {
    let commands = [
        (0, bonus(1, 500, Some(minute(1_440)))),
        (1, spend(100)),
        (2, earn(1, minute(2), 10_000)),
        (3, take_back(1, 1, minute(3), 4_000)),
        (4, adjust(50)),
        (2_000, glame_core::loyalty::Command::Expire),
    ];
    let user = customer(1).id;
    let mut account = LoyaltyAccount::new(user);
    let mut ledger = Vec::new();
    for (at, command) in commands {
        let posting = posting(user, command, None);
        for transaction in
            decide(&account, &posting, &LoyaltyProgramme::guide(), minute(at)).unwrap()
        {
            account.apply(&transaction).unwrap();
            ledger.push(transaction);
        }
    }
    ledger
}

/// Gives one event of each type.
fn samples() -> Vec<OutboxEvent> {
    let ledger = ledger();
    let (anna, boris) = (customer(1).id, customer(2).id);
    let changed = |transition, happened_at| {
        OutboxEvent::segment_changed(&SegmentTransition {
            segment: SegmentId::from_uuid(Uuid::from_u128(0x5E_0001)),
            user: anna,
            happened_at,
            transition,
        })
    };
    let finished = SyncRun {
        counts: SyncCounts {
            read: 120,
            created: 7,
            unchanged: 113,
            ..SyncCounts::default()
        },
        finished_at: Some(minute(5)),
        ..run(1, SyncKind::Purchases, SyncStatus::Succeeded)
    };
    let adjusted: Vec<_> = ledger
        .iter()
        .filter(|one| one.kind == TransactionKind::Manual)
        .cloned()
        .collect();
    let taken = LoyaltyTransaction {
        user: boris,
        ..adjusted[0].clone()
    };
    let mut samples: Vec<OutboxEvent> = ledger.iter().map(OutboxEvent::points).collect();
    samples.extend([
        changed(Transition::Entered, minute(0)),
        changed(Transition::Left, minute(1)),
        OutboxEvent::customer_created(anna, minute(0)),
        OutboxEvent::customer_merged(&adjusted, &[taken]).unwrap(),
        OutboxEvent::sync_finished(&finished, minute(9)),
        OutboxEvent::test(event_id(1), minute(0)),
    ]);
    samples
}

#[test]
fn every_event_is_shown_as_it_is_sent() {
    let shown: BTreeMap<String, Value> = blocks(&document(), "json")
        .iter()
        .map(|block| serde_json::from_str::<Value>(block).unwrap())
        .map(|body| (body["type"].as_str().unwrap().to_owned(), body))
        .collect();
    let sent: BTreeMap<String, Value> = samples()
        .iter()
        .map(|event| {
            let name = event.event_type.as_str().to_owned();
            (name, serde_json::from_str(&event.payload).unwrap())
        })
        .collect();
    assert_eq!(sent.len(), EventType::ALL.len());
    let differing: Vec<String> = sent
        .values()
        .filter(|body| !shown.values().any(|one| one == *body))
        .map(|body| serde_json::to_string_pretty(body).unwrap())
        .collect();
    assert!(
        differing.is_empty(),
        "these are sent:

{}

",
        differing.join(
            "

"
        )
    );
    assert_eq!(shown.len(), sent.len());
}

/// Runs a program of the document behind a few lines that call its function `verify` with the
/// example of the specification; none where this machine has no such interpreter.
fn answers(interpreter: &str, file: &str, program: &str) -> Option<bool> {
    let folder = std::env::temp_dir().join(format!("glame-webhooks-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path: PathBuf = folder.join(file);
    std::fs::write(&path, program).unwrap();
    let status = Command::new(interpreter)
        .arg(&path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    std::fs::remove_file(&path).unwrap();
    Some(status.ok()?.success())
}

#[test]
fn the_python_of_the_document_verifies_the_example_of_the_specification() {
    let [program] = <[String; 1]>::try_from(blocks(&document(), "python")).unwrap();
    let call = |body: &str| {
        format!(
            "{program}\nheaders = {{'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', \
             'webhook-timestamp': '1614265330', \
             'webhook-signature': 'v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='}}\n\
             verify('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', headers, b'{body}', now=1614265331)\n"
        )
    };
    let good = answers("python3", "good.py", &call("{\"test\": 2432232314}"));
    let bad = answers("python3", "bad.py", &call("{\"test\": 2432232315}"));
    assert!(matches!(
        (good, bad),
        (Some(true), Some(false)) | (None, None)
    ));
}

#[test]
fn the_typescript_of_the_document_verifies_the_example_of_the_specification() {
    let [program] = <[String; 1]>::try_from(blocks(&document(), "typescript")).unwrap();
    let call = |body: &str| {
        format!(
            "{program}\nverify('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', {{ \
             'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330', \
             'webhook-signature': 'v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' }}, \
             Buffer.from('{body}'), 1614265331);\n"
        )
    };
    // An interpreter that is too old to read types refuses an empty program with one as well.
    let reads_types = answers("node", "types.mts", "const one: number = 1;\n") == Some(true);
    if reads_types {
        let good = answers("node", "good.mts", &call("{\"test\": 2432232314}"));
        let bad = answers("node", "bad.mts", &call("{\"test\": 2432232315}"));
        assert_eq!((good, bad), (Some(true), Some(false)));
    }
}
