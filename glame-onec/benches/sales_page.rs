//! How fast a page of sales becomes lines of the domain, HTTP on the local machine included.
//!
//! The budget is 300,000 lines in a second.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use glame_core::ports::SalesSource;
use glame_onec::{Credentials, OnecSettings, OnecSource, ReceiptHolders};

const LINES: u64 = 20_000;

fn page() -> String {
    let mut page = "{\n\"value\": [".to_owned();
    for line in 0..LINES {
        let separator = if line == 0 { "" } else { "," };
        write!(
            page,
            "{separator}{{\n\"Recorder\": \"7a10e001-3f2b-11ef-8a01-{document:012x}\",\n\
             \"Recorder_Type\": \"StandardODATA.Document_ЧекККМ\",\n\
             \"Period\": \"2025-03-{day:02}T14:05:{second:02}\",\n\"LineNumber\": \"{number}\",\n\
             \"Active\": true,\n\"Номенклатура_Key\": \"7a10f001-3f2b-11ef-8a01-{product:012x}\",\n\
             \"Контрагент_Key\": \"7a10a001-3f2b-11ef-8a01-{document:012x}\",\n\
             \"Количество\": 1,\n\"Сумма\": {amount}.5,\n\
             \"Характеристика_Key\": \"00000000-0000-0000-0000-000000000000\",\n\
             \"Склад_Key\": \"7a10b001-3f2b-11ef-8a01-0050569a0001\",\n\
             \"Документ\": \"7a10e001-3f2b-11ef-8a01-{document:012x}\",\n\
             \"Документ_Type\": \"StandardODATA.Document_ЧекККМ\"\n}}",
            document = line / 3,
            day = 1 + line / 1_000,
            second = line % 60,
            number = 1 + line % 3,
            product = line % 977,
            amount = 100 + line,
        )
        .unwrap();
    }
    page.push_str("]\n}");
    page
}

fn serve(mut stream: TcpStream, page: &str) {
    let sets = "{\"value\": [{\"name\": \"AccumulationRegister_Продажи_RecordType\"}]}";
    let mut head = Vec::new();
    let mut byte = [0];
    while stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let asks_for_sets = String::from_utf8_lossy(&head).contains("/?$format=json");
        let body = if asks_for_sets { sets } else { page };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
        head.clear();
    }
}

fn sales_page(criterion: &mut Criterion) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/a/sbm/1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let page = page();
        for stream in listener.incoming() {
            serve(stream.unwrap(), &page);
        }
    });
    let mut settings = OnecSettings::new(address, Credentials::login("odata", "odata"));
    settings.receipt_holders = ReceiptHolders::Ignored;
    let source = OnecSource::open(settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();

    let mut group = criterion.benchmark_group("sales");
    group.throughput(Throughput::Elements(LINES));
    group.sample_size(20);
    group.bench_function("page", |bencher| {
        bencher.iter(|| {
            let window = runtime.block_on(source.sales(None, None)).unwrap();
            assert_eq!(window.lines.len(), 20_000);
        });
    });
    group.finish();
}

criterion_group!(benches, sales_page);
criterion_main!(benches);
