//! `$filter`: parsed, checked against the field table, evaluated on rows.

mod bounds;
mod evaluate;
mod functions;
pub(crate) mod lexer;
pub(crate) mod parser;
mod resolve;

use uuid::Uuid;

use crate::document::DocumentKind;
use crate::schema::Catalog;
use crate::value::Value;

pub(crate) use bounds::Bounds;
pub(crate) use functions::Function;
pub(crate) use parser::{Operator, parse};
pub(crate) use resolve::{Resolver, resolve};

/// An expression whose columns are known.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Literal(Value<'static>),
    Column(usize),
    /// A column of the row that a lambda looks at.
    ItemColumn(usize),
    /// A column of the object that a reference points to.
    Linked {
        link: Box<Expression>,
        target: Catalog,
        inner: Box<Expression>,
    },
    Compare(Operator, Box<Expression>, Box<Expression>),
    Arithmetic(Operator, Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Negate(Box<Expression>),
    Call(Function, Vec<Expression>),
    IsOf(Box<Expression>, String),
    Quantified {
        column: usize,
        all: bool,
        body: Box<Expression>,
    },
    /// What 1C answers with no rows and no error.
    Never,
}

/// The reference that `cast(guid'…','Document_X')` stands for.
fn cast_reference(set: &str, id: Uuid) -> Option<Value<'static>> {
    let document = DocumentKind::from_set(set).map(DocumentKind::set_name);
    let catalog = Catalog::from_set(set).map(Catalog::set_name);
    document.or(catalog).map(|set| Value::Reference { set, id })
}
