use std::sync::Arc;
use std::time::Instant;

use glame_core::ports::Storage;
use glame_core::sync::{SyncKind, SyncStatus};
use poem::http::StatusCode;
use poem::http::header::CONTENT_TYPE;
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, get};
use prometheus::core::Collector;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// What Prometheus reads at `/metrics`.
#[derive(Clone)]
pub(super) struct Measurements {
    registry: Registry,
    requests: HistogramVec,
    customers: IntGauge,
    last_success: IntGaugeVec,
    last_status: IntGaugeVec,
    storage: Arc<dyn Storage>,
}

impl Measurements {
    #[expect(
        clippy::expect_used,
        reason = "the names are constants that a test registers"
    )]
    pub(super) fn new(storage: Arc<dyn Storage>) -> Self {
        let registry = Registry::new();
        let requests = HistogramVec::new(
            HistogramOpts::new("glame_http_request_seconds", "How long requests took."),
            &["method", "route", "status"],
        )
        .expect("the name is right");
        let customers = IntGauge::new("glame_customers", "Customers that are not removed.")
            .expect("the name is right");
        let gauges = |name: &str, help: &str| {
            IntGaugeVec::new(Opts::new(name, help), &["kind"]).expect("the name is right")
        };
        let last_success = gauges(
            "glame_sync_last_success_timestamp_seconds",
            "When the last successful run of a kind ended.",
        );
        let last_status = gauges(
            "glame_sync_last_run_failed",
            "1 if the last run of a kind failed, else 0.",
        );
        let gauges: [Box<dyn Collector>; 4] = [
            Box::new(requests.clone()),
            Box::new(customers.clone()),
            Box::new(last_success.clone()),
            Box::new(last_status.clone()),
        ];
        for gauge in gauges {
            registry
                .register(gauge)
                .expect("each name is registered once");
        }
        Self {
            registry,
            requests,
            customers,
            last_success,
            last_status,
            storage,
        }
    }

    /// Answers with all measurements.
    pub(super) fn endpoint(&self) -> impl Endpoint + use<> {
        let this = self.clone();
        get(poem::endpoint::make(move |_| {
            let this = this.clone();
            async move { this.exposition().await }
        }))
    }

    /// Measures every request by method, route and status.
    pub(super) fn measured<E: Endpoint + 'static>(&self, endpoint: E) -> impl Endpoint + use<E> {
        let requests = self.requests.clone();
        endpoint.around(move |endpoint, request: Request| {
            let requests = requests.clone();
            async move {
                let begun = Instant::now();
                let method = request.method().to_string();
                let response = match endpoint.call(request).await {
                    Ok(response) => response.into_response(),
                    Err(error) => error.into_response(),
                };
                // The pattern of the route, not the path: paths may hold ids of people.
                let route = response
                    .data::<poem::PathPattern>()
                    .map_or_else(|| "unknown".to_owned(), |pattern| pattern.0.to_string());
                requests
                    .with_label_values(&[method.as_str(), &route, response.status().as_str()])
                    .observe(begun.elapsed().as_secs_f64());
                Ok(response)
            }
        })
    }

    async fn exposition(&self) -> Response {
        if let Err(error) = self.read_gauges().await {
            tracing::warn!(%error, "the measurements of the database are old");
        }
        let mut text = Vec::new();
        let encoder = TextEncoder::new();
        match encoder.encode(&self.registry.gather(), &mut text) {
            Ok(()) => Response::builder()
                .header(CONTENT_TYPE, encoder.format_type())
                .body(text),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    async fn read_gauges(&self) -> Result<(), glame_core::ports::StorageError> {
        let count = self.storage.customer_count().await?;
        self.customers.set(i64::try_from(count).unwrap_or(i64::MAX));
        for kind in SyncKind::ALL {
            let label = [kind.as_str()];
            if let Some(run) = self.storage.last_succeeded(kind).await?
                && let Some(finished) = run.finished_at
            {
                self.last_success
                    .with_label_values(&label)
                    .set(finished.timestamp());
            }
            if let Some(run) = self.storage.last_run(kind).await? {
                let failed = i64::from(run.status == SyncStatus::Failed);
                self.last_status.with_label_values(&label).set(failed);
            }
        }
        Ok(())
    }
}
