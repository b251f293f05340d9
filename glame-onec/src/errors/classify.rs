use super::body::{ErrorBody, is_html};
use super::{Fault, FaultKind};

/// What a failed answer looks like to the classifier.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reply<'a> {
    /// The HTTP status, a success included.
    pub(crate) status: u16,
    /// The body without its byte order mark.
    pub(crate) body: &'a [u8],
}

/// Says what a refused call means.
pub(crate) fn classify(reply: Reply<'_>) -> Fault {
    let body = ErrorBody::read(reply.body);
    let text = body.text().to_lowercase();
    let kind = by_text(reply.status, &text).unwrap_or_else(|| by_status(reply.status, &body));
    let mut fault = Fault::new(kind);
    fault.status = Some(reply.status);
    fault.code = body.code().map(str::to_owned);
    fault
}

/// Tells whether an answer with a success status is a page for people.
pub(crate) fn is_page(body: &[u8]) -> bool {
    let head = body.get(..512).unwrap_or(body);
    is_html(String::from_utf8_lossy(head).trim_start())
}

/// Recognises what 1C says in words, whatever the status.
fn by_text(status: u16, text: &str) -> Option<FaultKind> {
    let says = |needles: &[&str]| needles.iter().any(|needle| text.contains(needle));
    if status < 400 {
        return None;
    }
    if says(&[
        "недостаточно памяти",
        "not enough memory",
        "insufficient memory",
    ]) {
        return Some(FaultKind::OutOfMemory);
    }
    if says(&["no space left on device", "недостаточно места на диске"]) {
        return Some(FaultKind::DiskFull);
    }
    if says(&[
        "истекло время ожидания сеанса",
        "сеанс отсутствует или удален",
        "session timeout expired",
    ]) {
        return Some(FaultKind::StaleSession);
    }
    if says(&[
        "свободной лицензии",
        "превышено максимальное количество",
        "no free license",
    ]) {
        return Some(FaultKind::Busy);
    }
    if says(&[
        "начало сеанса с информационной базой запрещено",
        "монопольн",
    ]) {
        return Some(FaultKind::Maintenance);
    }
    let refused = says(&[
        "autoorder",
        "операция не разрешена",
        "операции сравнения",
        "поле не найдено",
        "not allowed in the where clause",
    ]);
    (refused && matches!(status, 400 | 403 | 500)).then_some(FaultKind::OperationRefused)
}

fn by_status(status: u16, body: &ErrorBody) -> FaultKind {
    let code = body.code();
    match status {
        401 if code == Some("20") => FaultKind::RightsRefused,
        401 => FaultKind::LoginRefused,
        403 => FaultKind::RightsRefused,
        404 => match code {
            Some("8") => FaultKind::NotPublished,
            Some("9") => FaultKind::NoSuchObject,
            _ => FaultKind::WrongAddress,
        },
        400 if code == Some("6") => FaultKind::UnknownField(segment(body.text())),
        400 | 405 | 414 | 501 => FaultKind::RequestRefused,
        406 | 408 | 429 => FaultKind::Busy,
        502..=504 => match body {
            ErrorBody::Html { .. } | ErrorBody::Other { .. } | ErrorBody::Empty => FaultKind::Busy,
            ErrorBody::OData { .. } | ErrorBody::Exception { .. } => FaultKind::Maintenance,
        },
        500 => FaultKind::Internal,
        _ => FaultKind::Unexpected("with a status that it should not send"),
    }
}

/// Finds the name in `Сегмент пути X не найден!`, if it can only be the name of a field.
fn segment(text: &str) -> Option<String> {
    let rest = text
        .split_once("Сегмент пути ")
        .or_else(|| text.split_once("egment "))?
        .1;
    let name = rest
        .split_whitespace()
        .next()?
        .trim_matches(['\'', '"', '!']);
    let is_name = name.chars().count() <= 80
        && name.chars().next().is_some_and(char::is_alphabetic)
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '/');
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odata(code: &str, text: &str) -> String {
        format!(
            "{{\"odata.error\":{{\"code\":\"{code}\",\"message\":{{\"lang\":\"ru\",\"value\":\"{text}\"}}}}}}"
        )
    }

    fn assert_meanings(cases: impl IntoIterator<Item = (u16, String, FaultKind)>) {
        for (status, body, expected) in cases {
            let fault = classify(Reply {
                status,
                body: body.as_bytes(),
            });
            assert_eq!(fault.kind, expected, "{status} {body}");
            assert_eq!(fault.status, Some(status));
        }
    }

    #[test]
    fn each_status_has_its_meaning() {
        let unknown = FaultKind::UnknownField(Some("КодШтрихкода".to_owned()));
        let strange = FaultKind::Unexpected("with a status that it should not send");
        let html = "<html><body>Bad Request - Invalid URL</body></html>".to_owned();
        assert_meanings([
            (
                404,
                odata("8", "Сущность не найдена"),
                FaultKind::NotPublished,
            ),
            (
                404,
                odata("9", "Экземпляр сущности не найден"),
                FaultKind::NoSuchObject,
            ),
            (404, html.clone(), FaultKind::WrongAddress),
            (
                400,
                odata("14", "Ошибка при разборе опции"),
                FaultKind::RequestRefused,
            ),
            (
                400,
                odata("6", "Сегмент пути КодШтрихкода не найден!"),
                unknown,
            ),
            (
                400,
                odata("6", "Метод не найден"),
                FaultKind::UnknownField(None),
            ),
            (400, html.clone(), FaultKind::RequestRefused),
            (
                401,
                odata("20", "Нарушение прав доступа"),
                FaultKind::RightsRefused,
            ),
            (401, String::new(), FaultKind::LoginRefused),
            (401, html.clone(), FaultKind::LoginRefused),
            (
                403,
                odata("20", "Нарушение прав доступа"),
                FaultKind::RightsRefused,
            ),
            (405, odata("19", "x"), FaultKind::RequestRefused),
            (501, odata("3", "x"), FaultKind::RequestRefused),
            (
                500,
                odata("-1", "Внутренняя ошибка OData сервиса."),
                FaultKind::Internal,
            ),
            (429, html.clone(), FaultKind::Busy),
            (503, html, FaultKind::Busy),
            (418, String::new(), strange),
        ]);
    }

    #[test]
    fn what_1c_says_in_words_comes_before_the_status() {
        let plain = str::to_owned;
        let stale = "<exception><descr>Истекло время ожидания сеанса</descr></exception>";
        let locked = "Начало сеанса с информационной базой запрещено";
        let where_clause = odata("-1", "Операция не разрешена в предложении ГДЕ");
        let comparison = odata("-1", "{(3,23)}: Неверные параметры в операции сравнения.");
        assert_meanings([
            (403, where_clause, FaultKind::OperationRefused),
            (
                500,
                odata("-1", "Ошибка AUTOORDER"),
                FaultKind::OperationRefused,
            ),
            (500, comparison, FaultKind::OperationRefused),
            (
                500,
                odata("-1", "Недостаточно памяти для запроса"),
                FaultKind::OutOfMemory,
            ),
            (
                500,
                odata("-1", "No space left on device"),
                FaultKind::DiskFull,
            ),
            (
                500,
                plain("Не обнаружено свободной лицензии!"),
                FaultKind::Busy,
            ),
            (500, plain(locked), FaultKind::Maintenance),
            (406, plain(stale), FaultKind::StaleSession),
        ]);
    }

    #[test]
    fn a_fault_shows_nothing_of_what_1c_wrote() {
        let body = odata("-1", "Контрагент Примерова Анна +79990000001 заблокирован");
        let fault = classify(Reply {
            status: 500,
            body: body.as_bytes(),
        })
        .about("Catalog_Контрагенты");
        let shown = format!("{fault} {fault:?}");
        assert!(
            !shown.contains("Примерова") && !shown.contains("7999"),
            "{shown}"
        );
        assert!(
            fault
                .to_string()
                .ends_with("(Catalog_Контрагенты, HTTP 500, code -1)"),
            "{fault}"
        );
    }

    #[test]
    fn a_value_in_the_place_of_a_name_is_not_shown() {
        for text in [
            "Сегмент пути +79990000001 не найден!",
            "Сегмент пути 7a10c001 не найден!",
        ] {
            let body = odata("6", text);
            let fault = classify(Reply {
                status: 400,
                body: body.as_bytes(),
            });
            assert_eq!(fault.kind, FaultKind::UnknownField(None));
        }
    }
}
