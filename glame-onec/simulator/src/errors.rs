//! The error bodies of 1C and of what stands before it.

use crate::json::push_string;

/// An error that OData itself reports: a status, 1C's code and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ODataError {
    pub(crate) status: u16,
    pub(crate) code: i32,
    pub(crate) message: String,
}

impl ODataError {
    fn new(status: u16, code: i32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    pub(crate) fn no_set(name: &str) -> Self {
        Self::new(404, 8, format!("Сущность '{name}' не найдена"))
    }

    pub(crate) fn no_instance() -> Self {
        Self::new(404, 9, "Экземпляр сущности не найден")
    }

    pub(crate) fn no_segment(name: &str) -> Self {
        Self::new(400, 6, format!("Сегмент пути {name} не найден!"))
    }

    pub(crate) fn no_method() -> Self {
        Self::new(400, 6, "Метод не найден")
    }

    pub(crate) fn incomplete_key() -> Self {
        Self::new(400, 7, "Не задано значение ключевого поля")
    }

    pub(crate) fn syntax(option: &str) -> Self {
        Self::new(
            400,
            14,
            format!("Ошибка при разборе опции запроса {option}"),
        )
    }

    pub(crate) fn unknown_option(name: &str) -> Self {
        Self::new(400, 0, format!("The {name} parameter is not supported"))
    }

    pub(crate) fn unsupported_function(name: &str) -> Self {
        Self::new(400, 21, format!("Функция {name} не поддерживается"))
    }

    pub(crate) fn bad_value(text: &str, edm: &str) -> Self {
        let message = format!("Не удалось разобрать строку '{text}' как значение типа {edm}!");
        Self::new(400, 1, message)
    }

    pub(crate) fn duplicate_key() -> Self {
        Self::new(400, 15, "Экземпляр сущности с таким ключом уже существует")
    }

    pub(crate) fn part_rows_are_not_written() -> Self {
        Self::new(400, 13, "Создание строк табличной части не поддерживается")
    }

    pub(crate) fn bad_comparison() -> Self {
        Self::new(
            500,
            -1,
            "{(3,23)}: Неверные параметры в операции сравнения. Нельзя сравнивать поля \
             неограниченной длины и поля несовместимых типов.",
        )
    }

    pub(crate) fn no_field() -> Self {
        Self::new(500, -1, "Поле не найдено")
    }

    pub(crate) fn no_rights() -> Self {
        Self::new(401, 20, "Нарушение прав доступа!")
    }

    pub(crate) fn wrong_method() -> Self {
        Self::new(405, 19, "Метод не поддерживается")
    }

    pub(crate) fn no_memory() -> Self {
        Self::new(
            500,
            -1,
            "Недостаточно памяти для получения результата запроса к базе данных",
        )
    }

    pub(crate) fn business(message: &str) -> Self {
        Self::new(500, -1, message)
    }

    pub(crate) fn refused_filter() -> Self {
        Self::new(400, 14, "Операция не разрешена в предложении ГДЕ")
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        let mut out = b"{\n\"odata.error\": {\n\"code\": ".to_vec();
        push_string(&mut out, &self.code.to_string());
        out.extend_from_slice(b",\n\"message\": {\n\"lang\": \"ru\",\n\"value\": ");
        push_string(&mut out, &self.message);
        out.extend_from_slice(b"\n}\n}\n}");
        out
    }

    pub(crate) fn xml(&self) -> Vec<u8> {
        let text = crate::metadata::escape(&self.message);
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<m:error xmlns:m=\
             \"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\">\
             <m:code>{}</m:code><m:message xml:lang=\"ru\">{text}</m:message></m:error>",
            self.code
        )
        .into_bytes()
    }
}
