//! Parameters of the query that an operation does not have are refused, not overlooked.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use poem::{Endpoint, IntoResponse, Request, Response};
use serde_json::Value;

use crate::api::{Problem, ProblemCode};

/// Which parameters of the query each operation has, as the document tells.
#[derive(Debug, Clone)]
pub(super) struct KnownParameters(Arc<HashMap<(String, usize), Vec<Operation>>>);

#[derive(Debug)]
struct Operation {
    /// The segments of its path; none where anything may stand.
    path: Vec<Option<String>>,
    parameters: HashSet<String>,
}

impl KnownParameters {
    /// Reads the document of the API.
    pub(super) fn of(document: &Value) -> Self {
        let mut known: HashMap<(String, usize), Vec<Operation>> = HashMap::new();
        let paths = document["paths"].as_object().into_iter().flatten();
        for (path, methods) in paths {
            let segments: Vec<Option<String>> = segments(path)
                .map(|segment| (!segment.starts_with('{')).then(|| segment.to_owned()))
                .collect();
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let names = parameters
                    .filter(|parameter| parameter["in"] == "query")
                    .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned));
                let key = (method.to_ascii_uppercase(), segments.len());
                known.entry(key).or_default().push(Operation {
                    path: segments.clone(),
                    parameters: names.collect(),
                });
            }
        }
        // A path with a name in place of a parameter comes first, as it does in the router.
        for operations in known.values_mut() {
            operations.sort_by_key(|operation| {
                let parameters = operation.path.iter().filter(|segment| segment.is_none());
                parameters.count()
            });
        }
        Self(Arc::new(known))
    }

    /// Answers, unless the query has a parameter that the operation does not have.
    pub(super) async fn only<E: Endpoint>(
        self,
        endpoint: Arc<E>,
        request: Request,
    ) -> poem::Result<Response> {
        if let Some(unknown) = self.unknown(&request) {
            return Err(Problem::of_field(
                ProblemCode::ParameterUnknown,
                unknown,
                "the operation has no such parameter; see /docs",
            )
            .into());
        }
        endpoint
            .call(request)
            .await
            .map(IntoResponse::into_response)
    }

    fn unknown(&self, request: &Request) -> Option<String> {
        let query = request.uri().query().filter(|query| !query.is_empty())?;
        let path: Vec<&str> = segments(request.uri().path()).collect();
        let operations = self.0.get(&(request.method().to_string(), path.len()))?;
        let operation = operations.iter().find(|operation| {
            let mut pairs = operation.path.iter().zip(&path);
            pairs.all(|(known, given)| known.as_ref().is_none_or(|known| known == given))
        })?;
        let names = query
            .split('&')
            .filter_map(|pair| pair.split('=').next())
            .map(|name| percent_encoding::percent_decode_str(name).decode_utf8_lossy());
        let mut unknown =
            names.filter(|name| !name.is_empty() && !operation.parameters.contains(name.as_ref()));
        unknown.next().map(std::borrow::Cow::into_owned)
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim_matches('/').split('/')
}

#[cfg(test)]
mod tests {
    use poem::http::Method;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_document_does_not_name_is_unknown() {
        let limit = json!([{ "in": "query", "name": "limit" }, { "in": "path", "name": "id" }]);
        let known = KnownParameters::of(&json!({ "paths": {
            "/api/things": { "get": { "parameters": limit } },
            "/api/things/{id}": { "get": {}, "put": { "parameters": limit } },
            "/api/things/list": { "get": { "parameters": limit } },
        } }));
        let unknown = |method: Method, uri: &str| {
            let request = Request::builder()
                .method(method)
                .uri(uri.parse().unwrap())
                .finish();
            known.unknown(&request)
        };
        assert_eq!(unknown(Method::GET, "/api/things?limit=1"), None);
        assert_eq!(unknown(Method::GET, "/api/things?"), None);
        assert_eq!(
            unknown(Method::GET, "/api/things?limit=1&offset=2").as_deref(),
            Some("offset")
        );
        assert_eq!(
            unknown(Method::GET, "/api/things/7?limit=1").as_deref(),
            Some("limit")
        );
        assert_eq!(unknown(Method::PUT, "/api/things/7?limit=1"), None);
        assert_eq!(unknown(Method::GET, "/api/things/list?limit=1"), None);
        // What is no operation is for the router to refuse.
        assert_eq!(unknown(Method::POST, "/api/things?x=1"), None);
        assert_eq!(unknown(Method::GET, "/elsewhere/at/all?x=1"), None);
    }
}
