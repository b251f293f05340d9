//! OData queries: typed, escaped by hand, never longer than front ends accept.
//!
//! 1C does not decode `+` as a space, so no form encoder may touch these addresses.

mod encoding;
mod filter;

use chrono::NaiveDateTime;
use reqwest::Url;
use uuid::Uuid;

pub(crate) use filter::{Comparison, Filter};

use crate::settings::HiddenRows;

/// The longest address that every front end accepts: IIS stops at 2,048 bytes of query.
pub(crate) const MAX_URL_BYTES: usize = 2_000;

/// One question to one set. The fields are named when it is made, so none is asked without.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    set: &'static str,
    select: Vec<&'static str>,
    filter: Option<Filter>,
    order_by: &'static [&'static str],
    top: Option<u32>,
    skip: u64,
    hidden_rows: HiddenRows,
    inline_count: bool,
}

impl Query {
    /// Asks a set for these fields.
    pub(crate) fn new(set: &'static str, select: &[&'static str]) -> Self {
        Self {
            set,
            select: select.to_vec(),
            filter: None,
            order_by: &[],
            top: None,
            skip: 0,
            hidden_rows: HiddenRows::Refused,
            inline_count: false,
        }
    }

    /// Keeps only the rows that match.
    #[must_use]
    pub(crate) fn filter(mut self, filter: Option<Filter>) -> Self {
        self.filter = filter;
        self
    }

    /// Orders by these fields; they should be the complete key.
    #[must_use]
    pub(crate) fn order_by(mut self, fields: &'static [&'static str]) -> Self {
        self.order_by = fields;
        self
    }

    /// Asks for so many rows, or for all.
    #[must_use]
    pub(crate) fn top(mut self, rows: Option<u32>) -> Self {
        self.top = rows;
        self
    }

    /// Leaves out so many rows first.
    #[must_use]
    pub(crate) fn skip(mut self, rows: u64) -> Self {
        self.skip = rows;
        self
    }

    /// Says what to do with rows that the user may not see.
    #[must_use]
    pub(crate) fn hidden_rows(mut self, hidden_rows: HiddenRows) -> Self {
        self.hidden_rows = hidden_rows;
        self
    }

    /// Gives the condition.
    pub(crate) fn into_filter(self) -> Option<Filter> {
        self.filter
    }

    /// Writes the address of the rows.
    pub(crate) fn url(&self, root: &Url) -> Url {
        let mut options = vec!["$format=application/json;odata=nometadata".to_owned()];
        if self.hidden_rows == HiddenRows::LeftOut {
            options.push("allowedOnly=true".to_owned());
        }
        options.push(format!("$select={}", encoding::list(&self.select)));
        if let Some(filter) = &self.filter {
            options.push(format!("$filter={}", encoding::value(&filter.to_string())));
        }
        if !self.order_by.is_empty() {
            options.push(format!("$orderby={}", encoding::list(self.order_by)));
        }
        if let Some(top) = self.top {
            options.push(format!("$top={top}"));
        }
        if self.skip > 0 {
            options.push(format!("$skip={}", self.skip));
        }
        if self.inline_count {
            options.push("$inlinecount=allpages".to_owned());
        }
        address(root, &[self.set], &options)
    }

    /// Asks for the number of all rows beside those of the page.
    #[must_use]
    pub(crate) fn with_inline_count(mut self) -> Self {
        self.inline_count = true;
        self
    }

    /// Writes the address of the number of rows.
    pub(crate) fn count_url(&self, root: &Url) -> Url {
        let options: Vec<String> = self
            .filter
            .iter()
            .map(|filter| format!("$filter={}", encoding::value(&filter.to_string())))
            .collect();
        address(root, &[self.set, "$count"], &options)
    }

    /// Splits alternatives into questions whose addresses stay short enough.
    pub(crate) fn any_of(&self, root: &Url, branches: Vec<Filter>) -> Vec<Self> {
        const OR: usize = " or ".len() + 2 * 2;
        let bare = self.clone().filter(Some(Filter::Any(Vec::new()))).url(root);
        let left = MAX_URL_BYTES.saturating_sub(bare.as_str().len());
        let mut questions = Vec::new();
        let (mut chunk, mut used) = (Vec::new(), 0);
        for branch in branches {
            let length = encoding::value(&branch.to_string()).len() + OR;
            if used + length > left && !chunk.is_empty() {
                let full = Filter::Any(std::mem::take(&mut chunk));
                questions.push(self.clone().filter(Some(full)));
                used = 0;
            }
            used += length;
            chunk.push(branch);
        }
        if !chunk.is_empty() {
            questions.push(self.clone().filter(Some(Filter::Any(chunk))));
        }
        questions
    }
}

/// Writes the address of the lines that one document wrote to a register.
pub(crate) fn record_set_url(root: &Url, register: &str, document: &Filter) -> Option<Url> {
    let Filter::Composite(field, key, kind) = document else {
        return None;
    };
    let encoded = encoding::segment(kind);
    let segment = format!(
        "{}({field}='{key}',{field}_Type='StandardODATA.{encoded}')",
        encoding::segment(register.strip_suffix("_RecordType").unwrap_or(register)),
    );
    let mut url = root.clone();
    url.set_path(&format!("{}{segment}", root.path()));
    url.set_query(Some("$format=application/json;odata=nometadata"));
    Some(url)
}

/// Writes the address of the balances that a register has at a moment, by one dimension.
pub(crate) fn balance_url(
    root: &Url,
    register: &str,
    dimension: &str,
    at: NaiveDateTime,
    hidden_rows: HiddenRows,
) -> Url {
    let mut options = vec!["$format=application/json;odata=nometadata".to_owned()];
    if hidden_rows == HiddenRows::LeftOut {
        options.push("allowedOnly=true".to_owned());
    }
    // Not in brackets: front ends refuse long parts of a path.
    let period = format!("datetime'{}'", at.format("%Y-%m-%dT%H:%M:%S"));
    options.push(format!("Period={}", encoding::value(&period)));
    let dimensions = format!("'{dimension}'");
    options.push(format!("Dimensions={}", encoding::value(&dimensions)));
    let register = register.strip_suffix("_RecordType").unwrap_or(register);
    address(root, &[register, "Balance"], &options)
}

/// Writes the address of one object.
pub(crate) fn object_url(root: &Url, set: &str, key: Uuid) -> Url {
    let mut url = root.clone();
    let segment = format!("{}(guid'{key}')", encoding::segment(set));
    url.set_path(&format!("{}{segment}", root.path()));
    url.set_query(Some("$format=application/json;odata=nometadata"));
    url
}

/// Writes the address of the list of published sets.
pub(crate) fn service_document_url(root: &Url) -> Url {
    address(root, &[""], &["$format=json".to_owned()])
}

/// Writes the address of the description of all sets.
pub(crate) fn metadata_url(root: &Url) -> Url {
    address(root, &["$metadata"], &[])
}

fn address(root: &Url, segments: &[&str], options: &[String]) -> Url {
    let mut url = root.clone();
    let path: Vec<String> = segments
        .iter()
        .map(|segment| encoding::segment(segment))
        .collect();
    url.set_path(&format!("{}{}", root.path(), path.join("/")));
    url.set_query((!options.is_empty()).then(|| options.join("&")).as_deref());
    url
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn root() -> Url {
        Url::parse("https://1c.example/a/sbm/1234567/odata/standard.odata/").unwrap()
    }

    fn after_root(url: &Url) -> String {
        url.as_str()
            .strip_prefix(root().as_str())
            .unwrap()
            .to_owned()
    }

    #[test]
    fn a_window_is_written_as_1c_reads_it() {
        let at = NaiveDate::from_ymd_opt(2025, 3, 1)
            .unwrap()
            .and_hms_opt(0, 0, 0)
            .unwrap();
        let query = Query::new(
            "AccumulationRegister_Продажи_RecordType",
            &["Recorder", "Сумма"],
        )
        .filter(Some(Filter::moment("Period", Comparison::AtLeast, at)))
        .order_by(&["Period", "LineNumber"])
        .top(Some(1001));
        assert_eq!(
            after_root(&query.url(&root())),
            "AccumulationRegister_%D0%9F%D1%80%D0%BE%D0%B4%D0%B0%D0%B6%D0%B8_RecordType\
             ?$format=application/json;odata=nometadata\
             &$select=Recorder,%D0%A1%D1%83%D0%BC%D0%BC%D0%B0\
             &$filter=Period%20ge%20datetime%272025-03-01T00:00:00%27\
             &$orderby=Period,LineNumber&$top=1001"
        );
    }

    #[test]
    fn a_page_of_a_catalogue_is_written_as_1c_reads_it() {
        let query = Query::new("Catalog_X", &["Ref_Key"])
            .order_by(&["Code", "Ref_Key"])
            .top(Some(10))
            .skip(20)
            .hidden_rows(HiddenRows::LeftOut);
        assert_eq!(
            after_root(&query.url(&root())),
            "Catalog_X?$format=application/json;odata=nometadata&allowedOnly=true\
             &$select=Ref_Key&$orderby=Code,Ref_Key&$top=10&$skip=20"
        );
    }

    #[test]
    fn the_other_addresses_are_written_as_1c_reads_them() {
        let query =
            Query::new("Catalog_X", &["Ref_Key"]).filter(Some(Filter::flag("Active", true)));
        assert_eq!(
            after_root(&query.count_url(&root())),
            "Catalog_X/$count?$filter=Active%20eq%20true"
        );
        assert_eq!(after_root(&metadata_url(&root())), "$metadata");
        assert_eq!(after_root(&service_document_url(&root())), "?$format=json");
    }

    #[test]
    fn the_lines_of_a_document_are_asked_for_by_its_key_and_type() {
        let document = Filter::composite("Recorder", Uuid::from_u128(5), "Document_ЧекККМ");
        let url = record_set_url(&root(), "AccumulationRegister_X_RecordType", &document).unwrap();
        assert_eq!(
            after_root(&url),
            "AccumulationRegister_X(Recorder='00000000-0000-0000-0000-000000000005',\
             Recorder_Type='StandardODATA.Document_%D0%A7%D0%B5%D0%BA%D0%9A%D0%9A%D0%9C')\
             ?$format=application/json;odata=nometadata"
        );
    }

    #[test]
    fn balances_are_asked_for_with_their_parameters_in_the_query() {
        let at = NaiveDate::from_ymd_opt(2025, 3, 2)
            .unwrap()
            .and_hms_opt(0, 0, 0)
            .unwrap();
        let url =
            |hidden_rows| balance_url(&root(), "Register_X_RecordType", "Карта", at, hidden_rows);
        let options = "Period=datetime%272025-03-02T00:00:00%27\
                       &Dimensions=%27%D0%9A%D0%B0%D1%80%D1%82%D0%B0%27";
        assert_eq!(
            after_root(&url(HiddenRows::Refused)),
            format!("Register_X/Balance?$format=application/json;odata=nometadata&{options}")
        );
        assert!(
            url(HiddenRows::LeftOut)
                .as_str()
                .contains("&allowedOnly=true&Period=")
        );
    }

    #[test]
    fn an_object_is_asked_for_by_its_key() {
        let url = object_url(&root(), "Document_X", Uuid::from_u128(5));
        assert_eq!(
            after_root(&url),
            "Document_X(guid'00000000-0000-0000-0000-000000000005')\
             ?$format=application/json;odata=nometadata"
        );
    }

    #[test]
    fn alternatives_are_split_into_short_addresses_and_none_is_lost() {
        let query = Query::new("Catalog_ДисконтныеКарты", &["Ref_Key"]);
        let branches: Vec<Filter> = (0..100)
            .map(|n| Filter::reference("Ref_Key", Uuid::from_u128(n)))
            .collect();
        let questions = query.any_of(&root(), branches);
        let mut seen = 0;
        for question in &questions {
            let url = question.url(&root());
            assert!(
                url.as_str().len() <= MAX_URL_BYTES,
                "{}",
                url.as_str().len()
            );
            assert!(!url.as_str().contains('+'));
            seen += url.as_str().matches("guid").count();
        }
        assert_eq!(seen, 100);
        assert!(questions.len() <= 6, "{}", questions.len());
    }

    #[test]
    fn the_longest_page_of_each_set_has_a_short_address() {
        let at = NaiveDate::from_ymd_opt(2025, 3, 1)
            .unwrap()
            .and_hms_opt(0, 0, 0)
            .unwrap();
        let bound = |comparison| Filter::moment("Period", comparison, at);
        let root =
            Url::parse("https://some-region.1cfresh.com/a/sbm/12345678/odata/standard.odata/");
        for set in crate::source_error::ALL_SETS {
            let fields: Vec<&'static str> =
                set.required.iter().chain(set.optional).copied().collect();
            let query = Query::new(set.name, &fields)
                .filter(Filter::all([
                    bound(Comparison::AtLeast),
                    bound(Comparison::Before),
                ]))
                .order_by(set.orders[0])
                .hidden_rows(HiddenRows::LeftOut)
                .top(Some(1_000_000))
                .skip(1_000_000);
            let url = query.url(root.as_ref().unwrap());
            assert!(
                url.as_str().len() <= MAX_URL_BYTES,
                "{}: {}",
                set.name,
                url.as_str().len()
            );
        }
    }
}
