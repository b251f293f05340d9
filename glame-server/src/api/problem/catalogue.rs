use poem::http::StatusCode;
use poem_openapi::Enum;

macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $english:literal, $russian:literal;)*) => {
        /// The kinds of error. A code keeps its meaning for ever; new ones may come.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enum)]
        pub enum ProblemCode {
            $(
                $(#[$doc])*
                #[oai(rename = $code)]
                $name,
            )*
        }

        impl ProblemCode {
            /// Every code, in the order of the document.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Gives the code as clients see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// Gives the status of the answer, which is always the same for a code.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }

            /// Gives the title for people who read English.
            #[must_use]
            pub const fn english(self) -> &'static str {
                match self {
                    $(Self::$name => $english,)*
                }
            }

            /// Gives the title for people who read Russian.
            #[must_use]
            pub const fn russian(self) -> &'static str {
                match self {
                    $(Self::$name => $russian,)*
                }
            }
        }
    };
}

catalogue! {
    /// A parameter of the path, the query or a header cannot be read.
    ParameterInvalid = "REQUEST_PARAMETER_INVALID", BAD_REQUEST,
        "A parameter of the request cannot be understood",
        "Параметр запроса не удалось разобрать";
    /// The operation has no parameter of this name.
    ParameterUnknown = "REQUEST_PARAMETER_UNKNOWN", BAD_REQUEST,
        "The request has a parameter that does not exist",
        "В запросе есть неизвестный параметр";
    /// The body is not the JSON that the operation takes.
    BodyInvalid = "REQUEST_BODY_INVALID", BAD_REQUEST,
        "The body of the request cannot be understood",
        "Тело запроса не удалось разобрать";
    /// The cursor was not made by this server for this list.
    CursorInvalid = "REQUEST_CURSOR_INVALID", BAD_REQUEST,
        "The cursor does not belong to this list",
        "Курсор не относится к этому списку";
    /// Nobody is signed in, or no more.
    SignInNeeded = "AUTH_SIGN_IN_NEEDED", UNAUTHORIZED,
        "Sign in first",
        "Сначала войдите в систему";
    /// Name, code or password is wrong.
    SignInRefused = "AUTH_SIGN_IN_REFUSED", UNAUTHORIZED,
        "The sign-in is refused: name, code or password is wrong",
        "Вход не выполнен: неверны имя, код или пароль";
    /// The role may not do this.
    Forbidden = "AUTH_FORBIDDEN", FORBIDDEN,
        "Your role does not allow this",
        "Ваша роль этого не позволяет";
    /// The request comes by cookie without the header that shows it comes from our page.
    CsrfMissing = "AUTH_CSRF_MISSING", FORBIDDEN,
        "The request does not come from a page of this server",
        "Запрос пришёл не со страницы этого сервера";
    /// The password was given by an administrator and must be changed first.
    PasswordChangeNeeded = "AUTH_PASSWORD_CHANGE_NEEDED", FORBIDDEN,
        "Change your password first",
        "Сначала смените пароль";
    /// The present password is another.
    PasswordWrong = "AUTH_PASSWORD_WRONG", UNPROCESSABLE_ENTITY,
        "The present password is wrong",
        "Текущий пароль неверен";
    /// The new password is not good enough.
    PasswordWeak = "AUTH_PASSWORD_WEAK", UNPROCESSABLE_ENTITY,
        "The new password is too easy to guess",
        "Новый пароль слишком прост";
    /// There is nothing at this path.
    RouteNotFound = "ROUTE_NOT_FOUND", NOT_FOUND,
        "There is nothing at this address",
        "По этому адресу ничего нет";
    /// The thing that the path names does not exist.
    NotFound = "RESOURCE_NOT_FOUND", NOT_FOUND,
        "What you ask for does not exist",
        "Запрошенный объект не найден";
    /// The path does not take this method.
    MethodNotAllowed = "ROUTE_METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED,
        "This address does not take this method",
        "Этот адрес не поддерживает такой метод";
    /// No representation that the client accepts.
    NotAcceptable = "REQUEST_NOT_ACCEPTABLE", NOT_ACCEPTABLE,
        "The answer cannot be given in the form you accept",
        "Ответ нельзя дать в запрошенном виде";
    /// Somebody else has changed it, or it is there already.
    Conflict = "RESOURCE_CONFLICT", CONFLICT,
        "It conflicts with what is there",
        "Конфликт с тем, что уже есть";
    /// Work of this kind is going on.
    Busy = "JOB_BUSY", CONFLICT,
        "Work of this kind is going on already",
        "Такая работа уже выполняется";
    /// The version in `If-Match` is not the present one.
    Stale = "RESOURCE_STALE", PRECONDITION_FAILED,
        "It has been changed meanwhile: read it again",
        "Данные уже изменены: прочитайте их заново";
    /// The body is larger than allowed.
    BodyTooLarge = "REQUEST_BODY_TOO_LARGE", PAYLOAD_TOO_LARGE,
        "The body of the request is too large",
        "Тело запроса слишком велико";
    /// The body is not of the type that the operation takes.
    MediaTypeWrong = "REQUEST_MEDIA_TYPE_WRONG", UNSUPPORTED_MEDIA_TYPE,
        "The body of the request is of a wrong type",
        "Неверный тип тела запроса";
    /// A value can be read and makes no sense.
    ValueInvalid = "REQUEST_VALUE_INVALID", UNPROCESSABLE_ENTITY,
        "A value of the request makes no sense",
        "Значение в запросе не имеет смысла";
    /// The idempotency key stands for another request.
    KeyReused = "IDEMPOTENCY_KEY_REUSED", UNPROCESSABLE_ENTITY,
        "The idempotency key stands for another request",
        "Ключ идемпотентности относится к другому запросу";
    /// The rules of the loyalty programme refuse it.
    LoyaltyRefused = "LOYALTY_REFUSED", UNPROCESSABLE_ENTITY,
        "The rules of the loyalty programme do not allow it",
        "Правила программы лояльности этого не допускают";
    /// Fewer points than are spent at once.
    LoyaltyBelowMinimum = "LOYALTY_BELOW_MINIMUM", UNPROCESSABLE_ENTITY,
        "Too few points to spend at once",
        "Слишком мало баллов для списания";
    /// There are not so many points.
    LoyaltyNotEnough = "LOYALTY_NOT_ENOUGH", UNPROCESSABLE_ENTITY,
        "There are not enough points",
        "Недостаточно баллов";
    /// Just this has been done already.
    LoyaltyAlreadyDone = "LOYALTY_ALREADY_DONE", UNPROCESSABLE_ENTITY,
        "This was done already",
        "Это уже было сделано";
    /// The points live in the shop's base.
    LoyaltyKeptElsewhere = "LOYALTY_KEPT_ELSEWHERE", CONFLICT,
        "The points are kept in the shop's base",
        "Баллы ведутся в базе магазина";
    /// The shop's base is not configured.
    SourceMissing = "SYNC_SOURCE_MISSING", CONFLICT,
        "No 1C base is configured",
        "База 1С не настроена";
    /// Nothing is delivered to webhooks.
    WebhooksOff = "WEBHOOKS_OFF", CONFLICT,
        "Webhooks are switched off",
        "Вебхуки отключены";
    /// No figures have been made yet.
    NothingMeasured = "ANALYTICS_NOTHING_MEASURED", CONFLICT,
        "There are no figures yet",
        "Показатели ещё не рассчитаны";
    /// `If-Match` is missing where a lost update would hurt.
    PreconditionNeeded = "RESOURCE_PRECONDITION_NEEDED", PRECONDITION_REQUIRED,
        "Say which version you are changing",
        "Укажите, какую версию вы меняете";
    /// Too many requests.
    RateLimited = "RATE_LIMITED", TOO_MANY_REQUESTS,
        "Too many requests: wait a little",
        "Слишком много запросов: подождите немного";
    /// The server has a defect.
    Internal = "SERVER_ERROR", INTERNAL_SERVER_ERROR,
        "The server has failed",
        "Ошибка сервера";
    /// The database is away or busy, or the time of the request is over.
    Unavailable = "SERVER_UNAVAILABLE", SERVICE_UNAVAILABLE,
        "The server cannot do this now: try again later",
        "Сервер сейчас не может этого сделать: повторите позже";
}

impl ProblemCode {
    /// Gives the URI that names the kind of problem.
    #[must_use]
    pub fn uri(self) -> String {
        format!("urn:glame:problem:{}", self.as_str())
    }

    /// Gives the code for a status that only the framework knows.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::RouteNotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::NOT_ACCEPTABLE => Self::NotAcceptable,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::MediaTypeWrong,
            StatusCode::UNAUTHORIZED => Self::SignInNeeded,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            status if status.is_client_error() => Self::ParameterInvalid,
            _ => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_differ_and_have_both_titles() {
        let codes: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), ProblemCode::ALL.len());
        for code in ProblemCode::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error());
            assert!(code.english().is_ascii(), "{code:?}");
            assert!(!code.russian().is_ascii(), "{code:?}");
        }
    }
}
