//! A shop of a million customers out of one of some thousand, and what a process takes for it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Copies every row of every customer, under an id that follows from the old one. What has happened in
/// the shop is moved back by up to 511 days, and money divided, from copy to copy, so that their
/// histories differ. Indexes are made afterwards, which is a matter of seconds instead of minutes.
const MULTIPLY: &str = "
SET session_replication_role = replica;
SET maintenance_work_mem = '512MB';
DO $$
DECLARE
    tables text[] := ARRAY[TABLES];
    one text;
    others text;
    cells text;
    definition text;
    definitions text[] := ARRAY[]::text[];
BEGIN
    FOR one, definition IN
        SELECT indexname, indexdef FROM pg_indexes
        WHERE tablename = ANY(tables)
          AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)
    LOOP
        definitions := definitions || definition;
        EXECUTE format('DROP INDEX %I', one);
    END LOOP;
    FOREACH one IN ARRAY tables LOOP
        SELECT string_agg(quote_ident(column_name), ', '),
               string_agg(CASE column_name
                   WHEN 'purchased_at' THEN 'purchased_at - make_interval(days => days)'
                   WHEN 'amount' THEN 'amount / (1 + days % 7)'
                   ELSE quote_ident(column_name)
               END, ', ')
        INTO others, cells
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = one
          AND column_name <> 'user_id' AND is_identity = 'NO' AND is_generated = 'NEVER';
        EXECUTE format(
            'INSERT INTO %1$I (user_id, %2$s)
             SELECT md5(user_id::text || copy)::uuid, %3$s
             FROM %1$I CROSS JOIN generate_series(1, COPIES) AS copy
             CROSS JOIN LATERAL (SELECT hashtext(user_id::text || copy) & 511) AS back (days)
             ORDER BY 1',
            one, others, cells
        );
    END LOOP;
    FOREACH definition IN ARRAY definitions LOOP
        EXECUTE definition;
    END LOOP;
END
$$;
VACUUM ANALYZE;
";

/// Adds so many copies of all customers, as these tables know them.
pub(crate) fn multiply(url: &str, tables: &[&str], copies: usize) {
    let tables: Vec<String> = tables.iter().map(|table| format!("'{table}'")).collect();
    let script = MULTIPLY
        .replace("TABLES", &tables.join(", "))
        .replace("COPIES", &copies.to_string());
    let mut psql = Command::new("psql");
    psql.args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1"]);
    let mut psql = psql.arg(url).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = psql.stdin.take().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    drop(input);
    assert!(psql.wait().unwrap().success());
}

/// Runs a command to its end; gives how long it took and the most memory that it held.
pub(crate) fn watched(mut command: Command) -> (Duration, u64) {
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return (begun.elapsed(), peak);
        }
        let status = std::fs::read_to_string(&status_file).unwrap_or_default();
        let high_water = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes =
            high_water.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        peak = kilobytes.map_or(peak, |kilobytes: u64| peak.max(kilobytes * 1_024));
        std::thread::sleep(Duration::from_millis(5));
    }
}
