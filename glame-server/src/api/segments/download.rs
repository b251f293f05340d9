//! Files of members, written page by page while they are sent.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use glame_core::segments::{AudienceFile, CSV_HEADER, SegmentService};
use glame_core::values::{SegmentId, UserId};
use poem::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};

use crate::output::describe;

/// A table of members, as CSV that spreadsheets open.
#[derive(Debug)]
pub struct Download {
    name: &'static str,
    body: Body,
}

/// So many lines of a file that is there already are sent together.
const LINES_AT_ONCE: usize = 1_000;

/// How far a table is written.
enum Written {
    Nothing,
    Until(Option<UserId>),
}

impl Download {
    /// Writes the members of a segment; no more than a thousand are in memory.
    pub(super) fn members(service: SegmentService, segment: SegmentId) -> Self {
        let rows = stream::try_unfold(Written::Nothing, move |written| {
            let service = service.clone();
            async move {
                let Written::Until(after) = written else {
                    return Ok(Some((CSV_HEADER.to_owned(), Written::Until(None))));
                };
                let page = service.export_csv(segment, after).await;
                let page = page.map_err(|error| {
                    tracing::error!(error = describe(&error), "a download broke off");
                    std::io::Error::other("the download broke off")
                })?;
                Ok::<_, std::io::Error>(page.map(|(last, rows)| (rows, Written::Until(Some(last)))))
            }
        });
        Self {
            name: "segment.csv",
            body: Body::from_bytes_stream(rows.map_ok(String::into_bytes)),
        }
    }

    /// Writes a file for Yandex Audience.
    pub(super) fn audience(file: AudienceFile) -> Self {
        let lines = stream::iter(file).chunks(LINES_AT_ONCE);
        let bytes = lines.map(|lines| Ok::<_, std::io::Error>(lines.concat().into_bytes()));
        Self {
            name: "yandex-audience.csv",
            body: Body::from_bytes_stream(bytes),
        }
    }
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        Response::builder()
            .header(CONTENT_TYPE, "text/csv; charset=utf-8")
            .header(
                CONTENT_DISPOSITION,
                format!("attachment; filename=\"{}\"", self.name),
            )
            .body(self.body)
    }
}

impl ApiResponse for Download {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The members, a line each, under the heads of the columns.",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: "text/csv; charset=utf-8",
                    schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
                }],
                headers: vec![MetaHeader {
                    name: "Content-Disposition".to_owned(),
                    description: Some("The name of the file.".to_owned()),
                    required: true,
                    deprecated: false,
                    schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
                }],
            }],
        }
    }

    fn register(_registry: &mut Registry) {}
}
