use quick_xml::Reader;
use quick_xml::events::Event;
use serde::Deserialize;

/// An error body, as one of the four kinds that 1C and its front ends send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ErrorBody {
    /// OData's own error, from JSON or Atom.
    OData { code: String, message: String },
    /// An exception of the platform, thrown before OData had its turn.
    Exception { text: String },
    /// A page for people.
    Html { text: String },
    /// Anything else, plain text included.
    Other { text: String },
    /// Nothing.
    Empty,
}

impl ErrorBody {
    /// Recognises a body whose byte order mark is already gone.
    pub(super) fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        if text.is_empty() {
            return Self::Empty;
        }
        if text.starts_with('{') {
            return read_json(text).unwrap_or_else(|| Self::Other {
                text: text.to_owned(),
            });
        }
        if is_html(text) {
            return Self::Html {
                text: text.to_owned(),
            };
        }
        if text.starts_with('<') {
            return read_xml(text).unwrap_or_else(|| Self::Other {
                text: text.to_owned(),
            });
        }
        Self::Other {
            text: text.to_owned(),
        }
    }

    /// Gives 1C's error code.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::OData { code, .. } if !code.is_empty() => Some(code),
            Self::OData { .. }
            | Self::Exception { .. }
            | Self::Html { .. }
            | Self::Other { .. }
            | Self::Empty => None,
        }
    }

    /// Gives the text for recognition only: it may hold data and is never shown.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::OData { message: text, .. }
            | Self::Exception { text }
            | Self::Html { text }
            | Self::Other { text } => text,
            Self::Empty => "",
        }
    }
}

/// Tells whether a text is a page for people.
pub(super) fn is_html(text: &str) -> bool {
    let head: String = text.chars().take(512).collect::<String>().to_lowercase();
    head.starts_with("<!doctype html") || head.contains("<html")
}

#[derive(Deserialize)]
struct JsonBody<'a> {
    #[serde(rename = "odata.error", borrow)]
    error: Option<JsonError<'a>>,
    #[serde(borrow)]
    exception: Option<&'a serde_json::value::RawValue>,
}

#[derive(Deserialize)]
struct JsonError<'a> {
    #[serde(borrow)]
    code: Option<&'a serde_json::value::RawValue>,
    message: Option<JsonMessage>,
}

#[derive(Deserialize)]
struct JsonMessage {
    value: Option<String>,
}

fn read_json(text: &str) -> Option<ErrorBody> {
    let body: JsonBody<'_> = serde_json::from_str(text).ok()?;
    if let Some(error) = body.error {
        let code = error
            .code
            .map(|code| code.get().trim_matches('"'))
            .unwrap_or_default();
        let message = error
            .message
            .and_then(|message| message.value)
            .unwrap_or_default();
        return Some(ErrorBody::OData {
            code: short_code(code),
            message,
        });
    }
    body.exception.map(|exception| ErrorBody::Exception {
        text: exception.get().to_owned(),
    })
}

/// Keeps of a code what a code can be, so that no data travels in it.
fn short_code(code: &str) -> String {
    code.trim()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(12)
        .collect()
}

fn read_xml(text: &str) -> Option<ErrorBody> {
    let mut reader = Reader::from_str(text);
    let mut root: Option<Root> = None;
    let mut part = Part::Other;
    let (mut code, mut message) = (String::new(), String::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) => {
                let name = element.local_name();
                match (&root, name.as_ref()) {
                    (None, "error") => root = Some(Root::Error),
                    (None, "exception") => root = Some(Root::Exception),
                    (None, _) => return None,
                    (Some(_), "code") => part = Part::Code,
                    (Some(_), "message" | "descr") => part = Part::Message,
                    (Some(_), _) => part = Part::Other,
                }
            }
            Event::Text(text) => match part {
                Part::Code => code.push_str(&text.xml10_content()),
                Part::Message => message.push_str(&text.xml10_content()),
                Part::Other => {}
            },
            Event::End(_) => part = Part::Other,
            Event::Eof => break,
            Event::Empty(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
    root.map(|root| match root {
        Root::Error => ErrorBody::OData {
            code: short_code(&code),
            message,
        },
        Root::Exception => ErrorBody::Exception { text: message },
    })
}

enum Root {
    Error,
    Exception,
}

enum Part {
    Code,
    Message,
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_bodies_are_recognised() {
        let json = "{\n\"odata.error\": {\n\"code\": \"8\",\n\"message\": {\"lang\": \"ru\", \
                    \"value\": \"Сущность не найдена\"}\n}\n}";
        let odata = ErrorBody::OData {
            code: "8".to_owned(),
            message: "Сущность не найдена".to_owned(),
        };
        assert_eq!(ErrorBody::read(json.as_bytes()), odata);

        let atom = "<?xml version=\"1.0\"?><m:error xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/\
                    dataservices/metadata\"><m:code>8</m:code><m:message>Сущность не найдена</m:message>\
                    </m:error>";
        assert_eq!(ErrorBody::read(atom.as_bytes()), odata);

        let exception = "<exception xmlns=\"http://v8.1c.ru/8.2/virtual-resource-system\" reason=\"406\">\
                         <descr>Истекло время ожидания сеанса</descr></exception>";
        let expected = ErrorBody::Exception {
            text: "Истекло время ожидания сеанса".to_owned(),
        };
        assert_eq!(ErrorBody::read(exception.as_bytes()), expected);

        let page = "<!DOCTYPE html><html><body>Идут технические работы</body></html>";
        assert!(matches!(
            ErrorBody::read(page.as_bytes()),
            ErrorBody::Html { .. }
        ));
    }

    #[test]
    fn codes_may_be_numbers_and_exceptions_json() {
        let body = ErrorBody::read(br#"{"odata.error":{"code":-1}}"#);
        assert_eq!(body.code(), Some("-1"));
        let body = ErrorBody::read(r#"{"exception":{"inner":null,"descr":"Сеанс"}}"#.as_bytes());
        assert!(body.text().contains("Сеанс"));
    }

    #[test]
    fn nothing_and_anything_are_told_apart() {
        assert_eq!(ErrorBody::read(b"  "), ErrorBody::Empty);
        assert!(matches!(
            ErrorBody::read(b"{\"a\":1}"),
            ErrorBody::Other { .. }
        ));
        assert!(matches!(
            ErrorBody::read(b"<feed/>"),
            ErrorBody::Other { .. }
        ));
        assert!(matches!(
            ErrorBody::read(b"\xff\xfe"),
            ErrorBody::Other { .. }
        ));
    }
}
