//! The statements of the list of customers, which are put together of what is asked for.
//!
//! More than ten filters, five orders in two directions and a search make more statements than
//! anybody would write out, and one statement for all of them would be planned for none. So this is
//! the one place where SQL is put together, for both drivers; values are parameters, and everything
//! else is written here. `tests/plans.rs` asks for the plans.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use glame_core::customers::{
    CustomerFilter, CustomerQuery, CustomerSelection, CustomerSort, CustomerSortKey,
    RemovedCustomers, SearchText, SearchWord, SortDirection, SortValue, city_key,
};
use glame_core::looks::ProductQuery;
use uuid::Uuid;

/// For which database a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres,
    /// SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite,
}

/// A statement with its parameters in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) parameters: Vec<Parameter>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Parameter {
    Text(String),
    #[cfg(feature = "postgres")]
    Texts(Vec<String>),
    Number(i64),
    Instant(DateTime<Utc>),
    Id(Uuid),
}

const COLUMNS: &str = "u.user_id, u.role, u.customer_id_1c, u.full_name, u.phone, u.email, u.gender, \
     u.birth_date, u.city, u.discount_card_number, u.removed, u.created_at, u.updated_at, \
     m.total_purchases, m.total_spent, m.last_purchase_at, m.recency_score, m.frequency_score, \
     m.monetary_score, m.status, p.erased_at";

/// Gives the statements of a page: those with a value of the order, and then those without, who are
/// asked for only where the first ones do not fill the page.
pub(crate) fn page_statements(query: &CustomerQuery, dialect: Dialect) -> Vec<Statement> {
    let key = query.sort.key;
    let filter = &query.selection.filter;
    let after_value = query.after.as_ref().map(|after| after.value.is_some());
    // Who has no figures has neither spent nor bought; who has figures may have no last purchase.
    let some_have_none = match key {
        CustomerSortKey::TotalSpent | CustomerSortKey::TotalPurchases => !filter.needs_figures(),
        CustomerSortKey::LastPurchase | CustomerSortKey::Name => true,
        CustomerSortKey::Created => false,
    };
    let with_value = (after_value != Some(false)).then(|| page(query, Values::Present, dialect));
    let without = some_have_none.then(|| page(query, Values::Missing, dialect));
    with_value.into_iter().chain(without).collect()
}

/// Gives the statement that counts a selection.
pub(crate) fn count_statement(selection: &CustomerSelection, dialect: Dialect) -> Statement {
    let joined = Joined {
        lead: lead_of_search(selection).unwrap_or(Lead::Users),
        search: lead_of_search(selection).is_some(),
        figures: if selection.filter == without_figures(&selection.filter) {
            Figures::Unneeded
        } else {
            Figures::of(&selection.filter)
        },
        profiles: false,
    };
    let mut draft = Draft::new(dialect);
    draft.sql.push_str("SELECT COUNT(*)");
    draft.from(&joined);
    draft.selection(selection, joined.figures);
    draft.finish()
}

/// Whether rows have the value by which they are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    Present,
    Missing,
}

/// The table that is read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Users,
    Search,
    Figures,
}

/// Whether customers without figures are among the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figures {
    Required,
    Optional,
    Unneeded,
}

impl Figures {
    fn of(filter: &CustomerFilter) -> Self {
        if filter.needs_figures() {
            Self::Required
        } else {
            Self::Optional
        }
    }
}

struct Joined {
    lead: Lead,
    search: bool,
    figures: Figures,
    profiles: bool,
}

fn lead_of_search(selection: &CustomerSelection) -> Option<Lead> {
    let is_led = selection.text.is_some() || selection.filter.city.is_some();
    is_led.then_some(Lead::Search)
}

/// Gives a filter that asks the same of profiles, and nothing of figures.
fn without_figures(filter: &CustomerFilter) -> CustomerFilter {
    CustomerFilter {
        city: filter.city.clone(),
        gender: filter.gender,
        has_phone: filter.has_phone,
        removed: filter.removed,
        ..CustomerFilter::default()
    }
}

/// Gives the column of an order and the user id beside it in its index.
const fn columns_of(key: CustomerSortKey) -> (&'static str, &'static str) {
    match key {
        CustomerSortKey::TotalSpent => ("m.total_spent", "m.user_id"),
        CustomerSortKey::TotalPurchases => ("m.total_purchases", "m.user_id"),
        CustomerSortKey::LastPurchase => ("m.last_purchase_at", "m.user_id"),
        CustomerSortKey::Name => ("s.name_key", "s.user_id"),
        CustomerSortKey::Created => ("u.created_at", "u.user_id"),
    }
}

fn page(query: &CustomerQuery, values: Values, dialect: Dialect) -> Statement {
    let CustomerSort { key, direction } = query.sort;
    let selection = &query.selection;
    let by_figures = matches!(
        key,
        CustomerSortKey::TotalSpent
            | CustomerSortKey::TotalPurchases
            | CustomerSortKey::LastPurchase
    );
    let by_name = key == CustomerSortKey::Name;
    let lead_of_order = match (key, values) {
        (CustomerSortKey::Name, _) => Lead::Search,
        (CustomerSortKey::Created, _) | (_, Values::Missing) => Lead::Users,
        (_, Values::Present) => Lead::Figures,
    };
    let search_leads = lead_of_search(selection).is_some();
    let figures = if by_figures && values == Values::Present {
        Figures::Required
    } else {
        Figures::of(&selection.filter)
    };
    let joined = Joined {
        lead: lead_of_search(selection).unwrap_or(lead_of_order),
        search: search_leads || by_name,
        figures,
        profiles: true,
    };
    let mut draft = Draft::new(dialect);
    let _ = write!(draft.sql, "SELECT {COLUMNS}");
    draft.from(&joined);
    draft.selection(selection, figures);
    let (value, user) = columns_of(key);
    let (comparison, order) = match direction {
        SortDirection::Ascending => (">", "ASC"),
        SortDirection::Descending => ("<", "DESC"),
    };
    let after = query.after.as_ref();
    match values {
        Values::Present => {
            let _ = write!(draft.sql, " AND {value} IS NOT NULL");
            if let Some((after, sorted)) =
                after.and_then(|after| Some((after, after.value.as_ref()?)))
            {
                let sorted = draft.sorted(sorted);
                let id = draft.parameter(Parameter::Id(*after.user.as_uuid()));
                let _ = write!(
                    draft.sql,
                    " AND ({value}, {user}) {comparison} ({sorted}, {id})"
                );
            }
            let _ = write!(draft.sql, " ORDER BY {value} {order}, {user} {order}");
        }
        Values::Missing => {
            let user = if by_figures { "u.user_id" } else { user };
            if by_figures {
                // Of the few whom a search finds each is asked; joined, the planner would gather
                // everybody's figures first. Of all, the planner knows best how many have none.
                let column = value.trim_start_matches("m.");
                let _ = if search_leads {
                    write!(
                        draft.sql,
                        " AND (SELECT k.{column} FROM customer_metrics AS k \
                         WHERE k.user_id = u.user_id) IS NULL"
                    )
                } else {
                    write!(
                        draft.sql,
                        " AND NOT EXISTS (SELECT 1 FROM customer_metrics AS k \
                         WHERE k.user_id = u.user_id AND k.{column} IS NOT NULL)"
                    )
                };
            } else {
                let _ = write!(draft.sql, " AND {value} IS NULL");
            }
            if let Some(after) = after.filter(|after| after.value.is_none()) {
                let id = draft.parameter(Parameter::Id(*after.user.as_uuid()));
                let _ = write!(draft.sql, " AND {user} {comparison} {id}");
            }
            let _ = write!(draft.sql, " ORDER BY {user} {order}");
        }
    }
    // Of everybody, a page is the beginning of an index. A planner that does not know how short it is
    // takes a tenth of all for it, and starts parallel workers, which costs more than the page.
    let is_everybody = selection.text.is_none() && selection.filter == CustomerFilter::default();
    let limit = if is_everybody {
        query.limit.to_string()
    } else {
        draft.parameter(Parameter::Number(query.limit.into()))
    };
    let _ = write!(draft.sql, " LIMIT {limit}");
    draft.finish()
}

/// A statement that is being put together.
struct Draft {
    sql: String,
    parameters: Vec<Parameter>,
    dialect: Dialect,
}

impl Draft {
    const fn new(dialect: Dialect) -> Self {
        Self {
            sql: String::new(),
            parameters: Vec::new(),
            dialect,
        }
    }

    fn finish(self) -> Statement {
        Statement {
            sql: self.sql,
            parameters: self.parameters,
        }
    }

    /// Appends a parameter and gives the name by which both drivers know it.
    fn parameter(&mut self, parameter: Parameter) -> String {
        self.parameters.push(parameter);
        format!("${}", self.parameters.len())
    }

    fn sorted(&mut self, value: &SortValue) -> String {
        self.parameter(match value {
            SortValue::Number(number) => Parameter::Number(*number),
            SortValue::Instant(at) => Parameter::Instant(*at),
            SortValue::Text(text) => Parameter::Text(text.clone()),
        })
    }

    /// Joins the tables in an order that SQLite keeps, because it has no figures of its own to find
    /// a better one; PostgreSQL finds its own.
    fn from(&mut self, joined: &Joined) {
        let mut tables = Vec::new();
        let mut ties = vec!["u.role = 'customer'"];
        let search = "customer_search AS s";
        let figures = "customer_metrics AS m";
        match joined.lead {
            Lead::Search => tables.push(search),
            Lead::Figures => tables.push(figures),
            Lead::Users => {}
        }
        tables.push("users AS u");
        if joined.search {
            ties.push("s.user_id = u.user_id");
            if joined.lead != Lead::Search {
                tables.push(search);
            }
        }
        if joined.figures == Figures::Required {
            ties.push("m.user_id = u.user_id");
            if joined.lead != Lead::Figures {
                tables.push(figures);
            }
        }
        let _ = write!(self.sql, " FROM {}", tables.join(" CROSS JOIN "));
        if joined.figures == Figures::Optional {
            self.sql
                .push_str(" LEFT JOIN customer_metrics AS m ON m.user_id = u.user_id");
        }
        if joined.profiles {
            self.sql
                .push_str(" LEFT JOIN customer_profiles AS p ON p.user_id = u.user_id");
        }
        let _ = write!(self.sql, " WHERE {}", ties.join(" AND "));
    }

    fn selection(&mut self, selection: &CustomerSelection, figures: Figures) {
        if let Some(text) = &selection.text {
            self.search(SearchTable::Customers, text);
        }
        self.profile(&selection.filter);
        self.figures(&selection.filter, figures);
    }

    fn search(&mut self, table: SearchTable, text: &SearchText) {
        let condition = search_condition(table, text, self.dialect, &mut self.parameters);
        let _ = write!(self.sql, " AND {condition}");
    }

    fn profile(&mut self, filter: &CustomerFilter) {
        match filter.removed {
            RemovedCustomers::LeftOut => self.sql.push_str(" AND NOT u.removed"),
            RemovedCustomers::Among => {}
            RemovedCustomers::Only => self.sql.push_str(" AND u.removed"),
        }
        if let Some(city) = &filter.city {
            // A city without a letter is the city of nobody.
            let key = city_key(city).unwrap_or_default();
            let key = self.parameter(Parameter::Text(key));
            let _ = write!(self.sql, " AND s.city_key = {key}");
        }
        if let Some(gender) = filter.gender {
            let gender = self.parameter(Parameter::Text(gender.as_str().to_owned()));
            let _ = write!(self.sql, " AND u.gender = {gender}");
        }
        match filter.has_phone {
            Some(true) => self.sql.push_str(" AND u.phone IS NOT NULL"),
            Some(false) => self.sql.push_str(" AND u.phone IS NULL"),
            None => {}
        }
    }

    fn figures(&mut self, filter: &CustomerFilter, figures: Figures) {
        // Without figures nothing was spent or bought, and the status is `New`.
        let (spent, purchases, status) = match figures {
            Figures::Required => ("m.total_spent", "m.total_purchases", "m.status"),
            Figures::Optional | Figures::Unneeded => (
                "COALESCE(m.total_spent, 0)",
                "COALESCE(m.total_purchases, 0)",
                "COALESCE(m.status, 'New')",
            ),
        };
        if !filter.statuses.is_empty() {
            let names: Vec<String> = filter
                .statuses
                .iter()
                .map(|status| self.parameter(Parameter::Text(status.as_str().to_owned())))
                .collect();
            let _ = write!(self.sql, " AND {status} IN ({})", names.join(", "));
        }
        let kopecks = |money: glame_core::values::Money| money.kopecks();
        self.bound(spent, ">=", filter.spent.min.map(kopecks));
        self.bound(spent, "<=", filter.spent.max.map(kopecks));
        self.bound(purchases, ">=", filter.purchases.min.map(i64::from));
        self.bound(purchases, "<=", filter.purchases.max.map(i64::from));
        for (comparison, end) in [
            (">=", filter.last_purchase.from()),
            ("<", filter.last_purchase.to()),
        ] {
            if let Some(end) = end {
                let end = self.parameter(Parameter::Instant(end));
                let _ = write!(self.sql, " AND m.last_purchase_at {comparison} {end}");
            }
        }
        if let Some(cells) = filter.rfm.cells() {
            let cells: Vec<String> = cells
                .iter()
                .map(|cell| {
                    format!(
                        "{}{}{}",
                        cell.recency.get(),
                        cell.frequency.get(),
                        cell.monetary.get()
                    )
                })
                // A list may not be empty; there is no cell of this number.
                .chain(["0".to_owned()])
                .collect();
            let _ = write!(
                self.sql,
                " AND m.recency_score * 100 + m.frequency_score * 10 + m.monetary_score IN ({})",
                cells.join(", ")
            );
        }
    }

    fn bound(&mut self, column: &str, comparison: &str, end: Option<i64>) {
        if let Some(end) = end {
            let end = self.parameter(Parameter::Number(end));
            let _ = write!(self.sql, " AND {column} {comparison} {end}");
        }
    }
}

/// Gives the statement of a page of articles.
pub(crate) fn product_statement(query: &ProductQuery, dialect: Dialect) -> Statement {
    let mut draft = Draft::new(dialect);
    draft.sql.push_str(
        "SELECT a.product, a.name, a.article, a.category, a.brand, a.kind, a.removed \
         FROM product_search AS s CROSS JOIN products AS a \
         WHERE a.product = s.product AND NOT a.removed",
    );
    if let Some(text) = &query.text {
        draft.search(SearchTable::Products, text);
    }
    for (column, wanted) in [("a.category", &query.category), ("a.brand", &query.brand)] {
        if let Some(wanted) = wanted {
            let wanted = draft.parameter(Parameter::Text(wanted.as_str().to_owned()));
            let _ = write!(draft.sql, " AND {column} = {wanted}");
        }
    }
    if let Some(after) = &query.after {
        let key = draft.parameter(Parameter::Text(after.name_key.clone()));
        let id = draft.parameter(Parameter::Id(*after.product.as_uuid()));
        let _ = write!(draft.sql, " AND (s.name_key, s.product) > ({key}, {id})");
    }
    let limit = draft.parameter(Parameter::Number(query.limit.into()));
    let _ = write!(draft.sql, " ORDER BY s.name_key, s.product LIMIT {limit}");
    draft.finish()
}

/// The tables that have a text to be searched, called `s` in the statement.
#[derive(Debug, Clone, Copy)]
enum SearchTable {
    Customers,
    Products,
}

/// Gives the condition under which a row is found: by its trigrams, and then by each word.
fn search_condition(
    table: SearchTable,
    text: &SearchText,
    dialect: Dialect,
    parameters: &mut Vec<Parameter>,
) -> String {
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(
            unused_variables,
            reason = "PostgreSQL has the trigrams in an index of the table"
        )
    )]
    let index = match table {
        SearchTable::Customers => "customer_trigrams",
        SearchTable::Products => "product_trigrams",
    };
    let mut trigrams: Vec<String> = text
        .words()
        .iter()
        .flat_map(SearchWord::trigrams)
        .map(str::to_owned)
        .collect();
    trigrams.sort_unstable();
    trigrams.dedup();
    let mut name = |parameter| {
        parameters.push(parameter);
        format!("${}", parameters.len())
    };
    let (mut condition, position) = match dialect {
        #[cfg(feature = "postgres")]
        Dialect::Postgres => {
            let trigrams = name(Parameter::Texts(trigrams));
            (
                format!("search_trigrams(s.search_text) @> {trigrams}"),
                "strpos",
            )
        }
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => {
            // Words have letters and digits only, so that nothing needs to be escaped.
            let quoted: Vec<String> = trigrams.iter().map(|one| format!("\"{one}\"")).collect();
            let all = name(Parameter::Text(quoted.join(" ")));
            let found = format!("SELECT rowid FROM {index} WHERE {index} MATCH {all}");
            (format!("s.position IN ({found})"), "instr")
        }
    };
    for word in text.words() {
        let word = name(Parameter::Text(word.as_str().to_owned()));
        let _ = write!(condition, " AND {position}(s.search_text, {word}) > 0");
    }
    condition
}
