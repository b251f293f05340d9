use serde_json::{Map, Value};

use super::shape::{self, Operand};
use super::strict_json::StrictJson;
use super::{
    Condition, Field, Leaf, PurchaseScope, RuleError, RuleErrors, RuleProblem, SegmentRule, Window,
};

/// The most errors that are told at once.
const MAX_ERRORS: usize = 20;

pub(super) fn text(text: &str) -> Result<SegmentRule, RuleErrors> {
    let whole = |problem| {
        RuleErrors::new(vec![RuleError {
            pointer: String::new(),
            problem,
        }])
    };
    if text.len() > SegmentRule::MAX_BYTES {
        return Err(whole(RuleProblem::TooLarge(SegmentRule::MAX_BYTES)));
    }
    let StrictJson(value) = serde_json::from_str(text)
        .map_err(|error| whole(RuleProblem::NotJson(error.to_string())))?;
    document(&value)
}

pub(super) fn document(value: &Value) -> Result<SegmentRule, RuleErrors> {
    let mut parser = Parser::default();
    let condition = parser.document(value);
    match condition {
        Some(condition) if parser.errors.is_empty() => Ok(SegmentRule { condition }),
        _ => Err(RuleErrors::new(parser.errors)),
    }
}

#[derive(Debug, Default)]
struct Parser {
    /// The keys and indices that lead to the present place.
    path: Vec<String>,
    leaves: usize,
    errors: Vec<RuleError>,
}

impl Parser {
    fn refuse<T>(&mut self, problem: RuleProblem) -> Option<T> {
        if self.errors.len() < MAX_ERRORS {
            let mut pointer = String::new();
            for step in &self.path {
                pointer.push('/');
                pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
            }
            self.errors.push(RuleError { pointer, problem });
        }
        None
    }

    /// Does something one step deeper.
    fn at<T>(&mut self, step: &(impl ToString + ?Sized), deeper: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step.to_string());
        let result = deeper(self);
        self.path.pop();
        result
    }

    fn object<'a>(
        &mut self,
        value: &'a Value,
        what: &'static str,
        allowed: &[&str],
    ) -> Option<&'a Map<String, Value>> {
        let Some(object) = value.as_object() else {
            return self.refuse(RuleProblem::Expected(what));
        };
        self.only_keys(object, allowed);
        Some(object)
    }

    fn only_keys(&mut self, object: &Map<String, Value>, allowed: &[&str]) {
        for key in object.keys().filter(|key| !allowed.contains(&key.as_str())) {
            let key = cut(key);
            self.at(&key.clone(), |parser| {
                parser.refuse::<()>(RuleProblem::Key {
                    key,
                    allowed: allowed.join(", "),
                })
            });
        }
    }

    fn document(&mut self, value: &Value) -> Option<Condition> {
        let what = "an object {\"version\": 1, \"rule\": …}";
        let object = self.object(value, what, &["version", "rule"])?;
        if object.get("version").and_then(Value::as_u64) != Some(SegmentRule::VERSION) {
            self.at("version", |parser| {
                parser.refuse::<()>(RuleProblem::Version)
            });
        }
        let Some(rule) = object.get("rule") else {
            return self.at("rule", |parser| {
                parser.refuse(RuleProblem::Expected("a condition"))
            });
        };
        self.at("rule", |parser| parser.condition(rule, 1))
    }

    fn condition(&mut self, value: &Value, depth: usize) -> Option<Condition> {
        let what = "a condition: {\"all\": […]}, {\"any\": […]}, {\"not\": …} or \
                    {\"field\", \"op\", \"value\"}";
        if depth > SegmentRule::MAX_DEPTH {
            return self.refuse(RuleProblem::TooDeep(SegmentRule::MAX_DEPTH));
        }
        let Some(object) = value.as_object() else {
            return self.refuse(RuleProblem::Expected(what));
        };
        if let Some(parts) = object.get("all") {
            self.only_keys(object, &["all"]);
            return self
                .at("all", |parser| parser.parts(parts, depth))
                .map(Condition::All);
        }
        if let Some(parts) = object.get("any") {
            self.only_keys(object, &["any"]);
            return self
                .at("any", |parser| parser.parts(parts, depth))
                .map(Condition::Any);
        }
        if let Some(part) = object.get("not") {
            self.only_keys(object, &["not"]);
            let part = self.at("not", |parser| parser.condition(part, depth + 1))?;
            return Some(Condition::Not(Box::new(part)));
        }
        if object.contains_key("field") {
            return self.leaf(object).map(Condition::Leaf);
        }
        self.refuse(RuleProblem::Expected(what))
    }

    /// Reads the parts of `all` and `any`; an empty list would match everyone or nobody.
    fn parts(&mut self, value: &Value, depth: usize) -> Option<Vec<Condition>> {
        let Some(list) = value.as_array().filter(|list| !list.is_empty()) else {
            return self.refuse(RuleProblem::Expected("a list of at least one condition"));
        };
        let mut parts = Vec::new();
        for (index, part) in list.iter().enumerate() {
            // Beyond the limits nothing more is read: what was found is enough to refuse.
            if self.leaves > SegmentRule::MAX_LEAVES || self.errors.len() == MAX_ERRORS {
                return None;
            }
            parts.extend(self.at(&index, |parser| parser.condition(part, depth + 1)));
        }
        (parts.len() == list.len()).then_some(parts)
    }

    fn leaf(&mut self, object: &Map<String, Value>) -> Option<Leaf> {
        self.leaves += 1;
        if self.leaves > SegmentRule::MAX_LEAVES {
            return self.refuse(RuleProblem::TooManyLeaves(SegmentRule::MAX_LEAVES));
        }
        let field = self.field(object)?;
        let keys: &[&str] = match field {
            Field::Purchases(_) => &["field", "op", "value", "of", "window"],
            Field::Bucket => &["field", "op", "value", "seed"],
            Field::Number(_)
            | Field::Date(_)
            | Field::Text(_)
            | Field::Choice(_)
            | Field::Set(_)
            | Field::Flag(_)
            | Field::Birthday
            | Field::Segments => &["field", "op", "value"],
        };
        self.only_keys(object, keys);
        let compared = self.comparison(field, object);
        let purchases = self.scope(object);
        let seed = if field == Field::Bucket {
            self.seed(object)
        } else {
            Some(String::new())
        };
        let (op, operand) = compared?;
        Some(Leaf {
            field,
            op,
            operand,
            purchases: purchases?,
            seed: seed?,
        })
    }

    fn field(&mut self, object: &Map<String, Value>) -> Option<Field> {
        self.at("field", |parser| {
            let Some(name) = object.get("field").and_then(Value::as_str) else {
                return parser.refuse(RuleProblem::Expected("the name of a field"));
            };
            Field::from_name(name).or_else(|| {
                let allowed: Vec<_> = Field::all().map(Field::as_str).collect();
                parser.refuse(RuleProblem::Field {
                    field: cut(name),
                    allowed: allowed.join(", "),
                })
            })
        })
    }

    fn comparison(
        &mut self,
        field: Field,
        object: &Map<String, Value>,
    ) -> Option<(shape::Operator, Operand)> {
        let operators = field.operators();
        let (op, shape) = self.at("op", |parser| {
            let Some(name) = object.get("op").and_then(Value::as_str) else {
                return parser.refuse(RuleProblem::Expected("the name of an operator"));
            };
            let found = operators.iter().find(|(op, _)| op.as_str() == name);
            found.copied().or_else(|| {
                let allowed: Vec<_> = operators.iter().map(|(op, _)| op.as_str()).collect();
                parser.refuse(RuleProblem::Operator {
                    operator: cut(name),
                    field: field.as_str(),
                    allowed: allowed.join(", "),
                })
            })
        })?;
        self.at("value", |parser| {
            let value = object.get("value").unwrap_or(&Value::Null);
            match shape.parse(value) {
                Ok(operand) if is_reversed(&operand) => parser.refuse(RuleProblem::Reversed),
                Ok(operand) => Some((op, operand)),
                Err(problem) => parser.refuse(problem),
            }
        })
    }

    fn scope(&mut self, leaf: &Map<String, Value>) -> Option<PurchaseScope> {
        let mut scope = PurchaseScope::default();
        let mut holds = true;
        if let Some(of) = leaf.get("of") {
            holds &= self
                .at("of", |parser| parser.narrow(of, &mut scope))
                .is_some();
        }
        if let Some(window) = leaf.get("window") {
            let window = self.at("window", |parser| parser.window(window));
            holds &= window.is_some();
            scope.window = window.unwrap_or_default();
        }
        holds.then_some(scope)
    }

    fn narrow(&mut self, of: &Value, scope: &mut PurchaseScope) -> Option<()> {
        let what = "an object with category, brand or store";
        let object = self.object(of, what, &["category", "brand", "store"])?;
        if object.is_empty() {
            return self.refuse(RuleProblem::Expected(what));
        }
        let lists = [
            ("category", &mut scope.categories),
            ("brand", &mut scope.brands),
            ("store", &mut scope.stores),
        ];
        let mut holds = true;
        for (key, texts) in lists {
            if let Some(value) = object.get(key) {
                let read = self.at(key, |parser| {
                    shape::list(value, shape::text)
                        .or_else(|| parser.refuse(RuleProblem::Expected("a list of names")))
                });
                holds &= read.is_some();
                *texts = read.unwrap_or_default();
            }
        }
        holds.then_some(())
    }

    fn window(&mut self, value: &Value) -> Option<Window> {
        let what = "an object with last_days, or with from and to";
        let object = self.object(value, what, &["last_days", "from", "to"])?;
        if let Some(days) = object.get("last_days") {
            if object.len() > 1 {
                return self.refuse(RuleProblem::Expected(what));
            }
            return self.at("last_days", |parser| {
                shape::days(days)
                    .map(Window::LastDays)
                    .or_else(|| parser.refuse(RuleProblem::Expected("a whole number of days")))
            });
        }
        let [from, to] = ["from", "to"].map(|key| {
            let Some(value) = object.get(key) else {
                return Some(None);
            };
            self.at(key, |parser| match shape::date(value) {
                Some(date) => Some(Some(date)),
                None => parser.refuse(RuleProblem::Expected("a date, such as \"2025-06-15\"")),
            })
        });
        match (from?, to?) {
            (None, None) => self.refuse(RuleProblem::Expected(what)),
            (Some(from), Some(to)) if from > to => self.refuse(RuleProblem::Reversed),
            (from, to) => Some(Window::Dates { from, to }),
        }
    }

    fn seed(&mut self, leaf: &Map<String, Value>) -> Option<String> {
        self.at("seed", |parser| {
            leaf.get("seed").and_then(shape::text).or_else(|| {
                parser.refuse(RuleProblem::Expected(
                    "a text that names the experiment, so that experiments are independent",
                ))
            })
        })
    }
}

fn is_reversed(operand: &Operand) -> bool {
    match operand {
        Operand::NumberPair(from, to) => from > to,
        Operand::DatePair(from, to) => from > to,
        Operand::Number(_)
        | Operand::Numbers(_)
        | Operand::Date(_)
        | Operand::Text(_)
        | Operand::Texts(_)
        | Operand::Flag(_)
        | Operand::Segments(_) => false,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}
