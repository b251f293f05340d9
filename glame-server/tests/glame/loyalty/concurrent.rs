use super::{file_of, shop_of, spend_line, user};
use crate::shop::{Database, Outcome};

const PROCESSES: u32 = 4;
const SPENDERS: u32 = 16;

#[tokio::test(flavor = "multi_thread")]
async fn spenders_of_four_processes_spend_exactly_the_balance() {
    let shop = shop_of(1, Database::Postgres).await;
    let anna = user(1);
    shop.give(&anna, 2_350).await;
    let running: Vec<_> = (0..PROCESSES)
        .map(|process| {
            let lines: Vec<_> = (0..SPENDERS)
                .map(|n| spend_line(&anna, &format!("{process}/{n}"), 100))
                .collect();
            let mut call = shop.glame(&["loyalty", "post", "--concurrency", "16"]);
            call.stdin(file_of(&lines)).spawn().unwrap()
        })
        .collect();
    let (mut posted, mut refused) = (0, 0);
    for process in running {
        let output = process.wait_with_output().await.unwrap();
        let outcome = Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for line in outcome.lines() {
            if line["status"] == "posted" {
                assert_eq!(line["replayed"], false);
                posted += 1;
            } else {
                assert_eq!(line["error"]["code"], "not_enough", "{line}");
                refused += 1;
            }
        }
    }
    assert_eq!((posted, refused), (23, PROCESSES * SPENDERS - 23));
    assert_eq!(shop.available(&anna).await, 50);
    assert_eq!(shop.verified().await, 24);
}
