//! What the document says of each address is held to: parameters of the query that an operation does
//! not have are refused, not overlooked, and who uses a wrong method is told the right ones.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use poem::http::header::ALLOW;
use poem::http::{HeaderValue, StatusCode};
use poem::{Endpoint, IntoResponse, Request, Response};
use serde_json::Value;

use crate::api::{Problem, ProblemCode};

/// Which operations each address has, and which parameters of the query they take.
#[derive(Debug, Clone)]
pub(super) struct KnownOperations(Arc<HashMap<usize, Vec<Resource>>>);

#[derive(Debug)]
struct Resource {
    /// The segments of its path; none where anything may stand.
    path: Vec<Option<String>>,
    /// The parameters of each method.
    operations: BTreeMap<String, HashSet<String>>,
}

impl KnownOperations {
    /// Reads the document of the API.
    pub(super) fn of(document: &Value) -> Self {
        let mut known: HashMap<usize, Vec<Resource>> = HashMap::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            let path: Vec<Option<String>> = segments(path)
                .map(|segment| (!segment.starts_with('{')).then(|| segment.to_owned()))
                .collect();
            let operations = methods.as_object().into_iter().flatten();
            let operations = operations
                .map(|(method, operation)| (method.to_ascii_uppercase(), parameters_of(operation)));
            known.entry(path.len()).or_default().push(Resource {
                operations: operations.collect(),
                path,
            });
        }
        // A path with a name in place of a parameter comes first, as it does in the router.
        for resources in known.values_mut() {
            resources.sort_by_key(|resource| {
                let parameters = resource.path.iter().filter(|segment| segment.is_none());
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

    /// Tells who has used a wrong method which ones there are.
    pub(super) async fn told<E: Endpoint>(
        self,
        endpoint: Arc<E>,
        request: Request,
    ) -> poem::Result<Response> {
        let allowed = self.methods(request.uri().path());
        let mut response = endpoint.call(request).await?.into_response();
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Ok(allowed) = HeaderValue::from_str(&allowed)
        {
            response.headers_mut().insert(ALLOW, allowed);
        }
        Ok(response)
    }

    fn unknown(&self, request: &Request) -> Option<String> {
        let query = request.uri().query().filter(|query| !query.is_empty())?;
        let resource = self.resource(request.uri().path())?;
        let known = resource.operations.get(request.method().as_str())?;
        let names = query
            .split('&')
            .filter_map(|pair| pair.split('=').next())
            .map(|name| percent_encoding::percent_decode_str(name).decode_utf8_lossy());
        let mut unknown = names.filter(|name| !name.is_empty() && !known.contains(name.as_ref()));
        unknown.next().map(std::borrow::Cow::into_owned)
    }

    /// Lists the methods of an address; what the document does not name is only ever read.
    fn methods(&self, path: &str) -> String {
        let mut methods: Vec<&str> = self.resource(path).map_or_else(
            || vec!["GET"],
            |resource| resource.operations.keys().map(String::as_str).collect(),
        );
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.join(", ")
    }

    fn resource(&self, path: &str) -> Option<&Resource> {
        let path: Vec<&str> = segments(path).collect();
        self.0.get(&path.len())?.iter().find(|resource| {
            let mut pairs = resource.path.iter().zip(&path);
            pairs.all(|(known, given)| known.as_ref().is_none_or(|known| known == given))
        })
    }
}

fn parameters_of(operation: &Value) -> HashSet<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
        .collect()
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
        let known = KnownOperations::of(&json!({ "paths": {
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

    #[test]
    fn the_methods_of_an_address_are_told() {
        let known = KnownOperations::of(&json!({ "paths": {
            "/api/things": { "get": {}, "post": {} },
            "/api/things/{id}": { "put": {}, "delete": {} },
            "/api/things/list": { "get": {} },
        } }));
        assert_eq!(known.methods("/api/things"), "GET, POST, HEAD");
        assert_eq!(known.methods("/api/things/7"), "DELETE, PUT");
        assert_eq!(known.methods("/api/things/list"), "GET, HEAD");
        assert_eq!(known.methods("/metrics"), "GET, HEAD");
    }
}
