//! The errors of the framework, told in our words.

use poem::error::{
    MethodNotAllowedError, NotFoundError, ParsePathError as PoemPathError, ParseQueryError,
    ReadBodyError,
};
use poem_openapi::error::{
    ContentTypeError, ParseMultipartError, ParseParamError, ParsePathError,
    ParseRequestPayloadError,
};

use super::{Problem, ProblemCode};

impl From<&poem::Error> for Problem {
    fn from(error: &poem::Error) -> Self {
        if let Some(problem) = error.downcast_ref::<Self>() {
            return problem.clone();
        }
        parameter(error)
            .or_else(|| body(error))
            .or_else(|| route(error))
            .unwrap_or_else(|| {
                let code = ProblemCode::of_status(error.status());
                if code == ProblemCode::Internal {
                    tracing::error!(%error, "a request failed");
                    return Self::new(code, "the log of the server tells more under the trace id");
                }
                Self::new(code, code.english())
            })
    }
}

fn parameter(error: &poem::Error) -> Option<Problem> {
    let code = ProblemCode::ParameterInvalid;
    if let Some(error) = error.downcast_ref::<ParseParamError>() {
        return Some(Problem::of_field(code, error.name, error.reason.clone()));
    }
    if let Some(error) = error.downcast_ref::<ParsePathError>() {
        return Some(Problem::of_field(code, error.name, error.reason.clone()));
    }
    let is_ours = error.is::<PoemPathError>() || error.is::<ParseQueryError>();
    is_ours.then(|| Problem::new(code, error.to_string()))
}

fn body(error: &poem::Error) -> Option<Problem> {
    if let Some(error) = error.downcast_ref::<ParseRequestPayloadError>() {
        return Some(Problem::of_field(
            ProblemCode::BodyInvalid,
            pointer_in(&error.reason),
            error.reason.clone(),
        ));
    }
    if let Some(error) = error.downcast_ref::<ParseMultipartError>() {
        return Some(Problem::new(ProblemCode::BodyInvalid, error.reason.clone()));
    }
    if let Some(error) = error.downcast_ref::<ContentTypeError>() {
        return Some(Problem::new(ProblemCode::MediaTypeWrong, error.to_string()));
    }
    match error.downcast_ref::<ReadBodyError>()? {
        ReadBodyError::PayloadTooLarge => Some(Problem::new(
            ProblemCode::BodyTooLarge,
            "send at most one mebibyte",
        )),
        ReadBodyError::BodyHasBeenTaken | ReadBodyError::Utf8(_) | ReadBodyError::Io(_) => Some(
            Problem::new(ProblemCode::BodyInvalid, "the body cannot be read"),
        ),
    }
}

/// Gives the field of the body that the framework blames, as far as it names one: it does so for
/// limits and for unknown names, and not for the fields of an object in a field.
fn pointer_in(reason: &str) -> String {
    let named = reason
        .split_once("field `")
        .filter(|_| !reason.contains("(occurred while parsing"))
        .and_then(|(_, rest)| rest.split_once('`'));
    named.map_or_else(String::new, |(field, _)| {
        format!("/{}", field.replace('~', "~0").replace('/', "~1"))
    })
}

fn route(error: &poem::Error) -> Option<Problem> {
    if error.is::<NotFoundError>() {
        return Some(Problem::new(
            ProblemCode::RouteNotFound,
            "see /docs for all addresses",
        ));
    }
    error.is::<MethodNotAllowedError>().then(|| {
        Problem::new(
            ProblemCode::MethodNotAllowed,
            "see /docs for the methods of this address",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_is_blamed_is_pointed_at() {
        for (reason, pointer) in [
            (
                "failed to parse \"X\": field `points` verification failed. minimum(1)",
                "/points",
            ),
            ("failed to parse \"X\": unknown field `a/b~c`.", "/a~1b~0c"),
            (
                "Expected input type \"string\", found 7. (occurred while parsing \"X\")",
                "",
            ),
            (
                "failed to parse \"Y\": unknown field `a`. (occurred while parsing \"X\")",
                "",
            ),
            ("expected value at line 1 column 1", ""),
        ] {
            assert_eq!(pointer_in(reason), pointer, "{reason}");
        }
    }
}
