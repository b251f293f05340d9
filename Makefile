# Everything that is needed to try, test and measure GLAME.

.PHONY: demo test lint fuzz bench setup

demo: ## Show everything at work; Ctrl-C stops it
	cargo run --release --bin glame -- demo

test: setup lint ## Check everything that the gate checks
	cargo nextest run --workspace --config-file .config/nextest.toml --profile ci
	cargo test --workspace --doc --quiet

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p glame-storage --no-default-features --features sqlite -- -D warnings
	cargo clippy -p glame-storage --no-default-features --features postgres -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --quiet

fuzz: setup ## Ask the API everything, far longer than `test` does
	GLAME_FUZZ_EXAMPLES=200 cargo nextest run -p glame-server --no-capture every_answer

bench: ## Print the figures of docs/BENCHMARKS.md
	cargo bench -p glame-core --bench rfm
	cargo bench -p glame-core --bench ledger
	cargo bench -p glame-core --bench segments
	cargo bench -p glame-core --bench models
	cargo bench -p glame-storage --bench bulk_load
	cargo bench -p glame-storage --bench loyalty
	cargo bench -p glame-server --bench sync -- 1000000
	cargo bench -p glame-server --bench load
	cargo bench -p glame-server --bench daily

setup: ## Install what the tests need
	.ci/setup
