//! Looks the names of a filter up and refuses what 1C refuses.

use super::functions::{Function, UNSUPPORTED};
use super::parser::{Operator, Syntax};
use super::{Expression, cast_reference};
use crate::errors::ODataError;
use crate::read::nested_columns;
use crate::schema::{Catalog, Column, ColumnKind, EntitySet, Schema};
use crate::value::Value;

/// What a part of an expression holds, as far as comparing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    LongText,
    Guid,
    Recorder,
    Composite,
    Cast,
    Moment,
    Flag,
    Number,
    Rows,
    /// A reference named without `_Key`.
    Object,
}

/// Where names are looked up.
#[derive(Debug)]
pub(crate) struct Resolver<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) set: &'a EntitySet,
    /// The variable of a lambda and the columns of its rows.
    pub(crate) item: Option<(&'a str, &'a [Column])>,
}

/// Resolves a whole filter.
pub(crate) fn resolve(
    schema: &Schema,
    set: &EntitySet,
    syntax: &Syntax,
) -> Result<Expression, ODataError> {
    let (expression, kind) = Resolver {
        schema,
        set,
        item: None,
    }
    .expression(syntax)?;
    if kind == Kind::Flag {
        Ok(expression)
    } else {
        Err(ODataError::syntax("$filter"))
    }
}

impl Resolver<'_> {
    /// Resolves the path of one `$orderby` key; says whether it is a reference or an object.
    pub(crate) fn sort_key(&self, path: &Syntax) -> Result<Expression, ODataError> {
        let (expression, kind) = self.expression(path)?;
        if matches!(kind, Kind::LongText | Kind::Rows) {
            return Err(ODataError::bad_comparison());
        }
        Ok(expression)
    }

    fn expression(&self, syntax: &Syntax) -> Result<(Expression, Kind), ODataError> {
        match syntax {
            Syntax::Literal(value) => Ok((Expression::Literal(value.clone()), kind_of(value))),
            Syntax::Path(path) => self.path(path),
            Syntax::Call(name, arguments) => self.call(name, arguments),
            Syntax::Binary(operator, left, right) => self.binary(*operator, left, right),
            Syntax::Not(inner) => Ok((Expression::Not(Box::new(self.flag(inner)?)), Kind::Flag)),
            Syntax::Negate(inner) => {
                let inner = self.of_kind(inner, Kind::Number)?;
                Ok((Expression::Negate(Box::new(inner)), Kind::Number))
            }
            Syntax::Lambda {
                path,
                all,
                variable,
                body,
            } => self.lambda(path, *all, variable, body),
        }
    }

    fn flag(&self, syntax: &Syntax) -> Result<Expression, ODataError> {
        match self.expression(syntax)? {
            (expression, Kind::Flag) => Ok(expression),
            _ => Err(ODataError::syntax("$filter")),
        }
    }

    fn of_kind(&self, syntax: &Syntax, wanted: Kind) -> Result<Expression, ODataError> {
        let (expression, kind) = self.expression(syntax)?;
        let fits = kind == wanted || (wanted == Kind::Text && kind == Kind::LongText);
        if fits {
            Ok(expression)
        } else {
            Err(ODataError::bad_comparison())
        }
    }

    fn path(&self, path: &[String]) -> Result<(Expression, Kind), ODataError> {
        let first = path[0].as_str();
        if let Some((variable, columns)) = self.item
            && first == variable
            && let [_, name] = path
        {
            let place = columns
                .iter()
                .position(|column| column.name == *name)
                .ok_or_else(|| ODataError::no_segment(name))?;
            return Ok((
                Expression::ItemColumn(place),
                kind_of_column(&columns[place]),
            ));
        }
        if let Some(place) = self.set.find(first) {
            let column = &self.set.columns[place];
            let kind = kind_of_column(column);
            return match path {
                [_] => Ok((Expression::Column(place), kind)),
                _ if kind == Kind::Rows => Err(ODataError::no_field()),
                [_, next, ..] => Err(ODataError::no_segment(next)),
                [] => Err(ODataError::syntax("$filter")),
            };
        }
        self.linked(path)
    }

    /// A path through a reference: `Контрагент/ИНН`.
    fn linked(&self, path: &[String]) -> Result<(Expression, Kind), ODataError> {
        let first = path[0].as_str();
        let missing = || ODataError::no_segment(first);
        let (place, target) = self
            .set
            .columns
            .iter()
            .enumerate()
            .find(|(_, column)| column.link_name() == Some(first))
            .and_then(|(place, column)| Some((place, column.kind.target()?)))
            .ok_or_else(missing)?;
        let column = Expression::Column(place);
        if path.len() == 1 {
            return Ok((column, Kind::Object));
        }
        let catalog = Catalog::from_set(target).ok_or_else(missing)?;
        let set = self.schema.published(target).ok_or_else(missing)?;
        let inner = Resolver {
            schema: self.schema,
            set,
            item: None,
        };
        let (inner, kind) = inner.path(&path[1..])?;
        let (link, inner) = (Box::new(column), Box::new(inner));
        Ok((
            Expression::Linked {
                link,
                target: catalog,
                inner,
            },
            kind,
        ))
    }

    fn binary(
        &self,
        operator: Operator,
        left: &Syntax,
        right: &Syntax,
    ) -> Result<(Expression, Kind), ODataError> {
        match operator {
            Operator::And | Operator::Or => {
                let (left, right) = (Box::new(self.flag(left)?), Box::new(self.flag(right)?));
                let both = operator == Operator::And;
                let make = if both {
                    Expression::And
                } else {
                    Expression::Or
                };
                Ok((make(left, right), Kind::Flag))
            }
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide => {
                let left = Box::new(self.of_kind(left, Kind::Number)?);
                let right = Box::new(self.of_kind(right, Kind::Number)?);
                Ok((Expression::Arithmetic(operator, left, right), Kind::Number))
            }
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => self.comparison(operator, left, right),
        }
    }

    fn comparison(
        &self,
        operator: Operator,
        left: &Syntax,
        right: &Syntax,
    ) -> Result<(Expression, Kind), ODataError> {
        let (left, left_kind) = self.expression(left)?;
        let (right, right_kind) = self.expression(right)?;
        let expression = match comparable(operator, left_kind, right_kind)? {
            Comparable::Yes => Expression::Compare(operator, Box::new(left), Box::new(right)),
            Comparable::NeverEqual => Expression::Never,
        };
        Ok((expression, Kind::Flag))
    }

    fn lambda(
        &self,
        path: &[String],
        all: bool,
        variable: &str,
        body: &Syntax,
    ) -> Result<(Expression, Kind), ODataError> {
        let [name] = path else {
            return Err(ODataError::no_segment(&path.join("/")));
        };
        let column = self
            .set
            .find(name)
            .ok_or_else(|| ODataError::no_segment(name))?;
        let columns = nested_columns(self.schema, self.set, column)
            .ok_or_else(|| ODataError::no_segment(name))?;
        let inside = Resolver {
            schema: self.schema,
            set: self.set,
            item: Some((variable, columns)),
        };
        let body = Box::new(inside.flag(body)?);
        Ok((Expression::Quantified { column, all, body }, Kind::Flag))
    }

    fn call(&self, name: &str, arguments: &[Syntax]) -> Result<(Expression, Kind), ODataError> {
        match (name, arguments) {
            ("cast", [value, Syntax::Literal(Value::Text(target))]) => self.cast(value, target),
            ("isof", [value, Syntax::Literal(Value::Text(target))]) => {
                let (value, _) = self.expression(value)?;
                let target = target.trim_start_matches("StandardODATA.").to_owned();
                Ok((Expression::IsOf(Box::new(value), target), Kind::Flag))
            }
            _ if UNSUPPORTED.contains(&name) => Err(ODataError::unsupported_function(name)),
            _ => {
                let function = Function::from_name(name)
                    .ok_or_else(|| ODataError::unsupported_function(name))?;
                let wanted = function.arguments();
                let least = function.least_arguments();
                if arguments.len() < least || arguments.len() > wanted.len() {
                    return Err(ODataError::syntax("$filter"));
                }
                let arguments = arguments
                    .iter()
                    .zip(wanted)
                    .map(|(argument, kind)| self.of_kind(argument, *kind))
                    .collect::<Result<_, _>>()?;
                Ok((Expression::Call(function, arguments), function.gives()))
            }
        }
    }

    fn cast(&self, value: &Syntax, target: &str) -> Result<(Expression, Kind), ODataError> {
        let target = target.trim_start_matches("StandardODATA.");
        let Syntax::Literal(Value::Guid(id)) = value else {
            let (value, kind) = self.expression(value)?;
            return Ok((value, kind));
        };
        if self.schema.get(target).is_none() {
            return Err(ODataError::no_set(target));
        }
        let reference = cast_reference(target, *id).ok_or_else(|| ODataError::no_set(target))?;
        Ok((Expression::Literal(reference), Kind::Cast))
    }
}

enum Comparable {
    Yes,
    NeverEqual,
}

/// 1C's own rules, the odd ones included: some comparisons are refused, some silently fail.
fn comparable(operator: Operator, left: Kind, right: Kind) -> Result<Comparable, ODataError> {
    let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    let (known, other) = if matches!(left, Kind::Recorder | Kind::Composite) {
        (left, right)
    } else {
        (right, left)
    };
    match (known, other) {
        (Kind::Composite, Kind::Guid) | (Kind::Recorder | Kind::Composite, Kind::Text) => {
            Ok(Comparable::NeverEqual)
        }
        (Kind::Recorder | Kind::Composite, Kind::Cast | Kind::Recorder | Kind::Composite)
            if equality =>
        {
            Ok(Comparable::Yes)
        }
        (Kind::Guid | Kind::Flag, same) if same == known && equality => Ok(Comparable::Yes),
        (Kind::Text | Kind::Moment | Kind::Number, same) if same == known => Ok(Comparable::Yes),
        _ => Err(ODataError::bad_comparison()),
    }
}

const fn kind_of(value: &Value<'_>) -> Kind {
    match value {
        Value::Text(_) | Value::TypeName(_) => Kind::Text,
        Value::Guid(_) => Kind::Guid,
        Value::Moment(_) => Kind::Moment,
        Value::Flag(_) => Kind::Flag,
        Value::Number { .. } | Value::Long(_) | Value::Short(_) => Kind::Number,
        Value::Reference { .. } => Kind::Cast,
        Value::Rows(_) => Kind::Rows,
    }
}

fn kind_of_column(column: &Column) -> Kind {
    match column.kind {
        ColumnKind::Text | ColumnKind::Enumeration(_) | ColumnKind::TypeOf(_) => Kind::Text,
        ColumnKind::LongText => Kind::LongText,
        ColumnKind::Guid | ColumnKind::Link(_) => Kind::Guid,
        ColumnKind::Moment => Kind::Moment,
        ColumnKind::Flag => Kind::Flag,
        ColumnKind::Number | ColumnKind::Long | ColumnKind::Short => Kind::Number,
        ColumnKind::Composite(_) if column.original == "Recorder" => Kind::Recorder,
        ColumnKind::Composite(_) => Kind::Composite,
        ColumnKind::Part(_) | ColumnKind::Lines(_) => Kind::Rows,
    }
}
