//! Builds the tree of a `$filter`; names are not looked up yet.

use super::lexer::{BadToken, Token, tokens};
use crate::errors::ODataError;
use crate::value::Value;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Syntax {
    Literal(Value<'static>),
    Path(Vec<String>),
    Call(String, Vec<Syntax>),
    Binary(Operator, Box<Syntax>, Box<Syntax>),
    Not(Box<Syntax>),
    Negate(Box<Syntax>),
    Lambda {
        path: Vec<String>,
        all: bool,
        variable: String,
        body: Box<Syntax>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Operator {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "or" => Self::Or,
            "and" => Self::And,
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "add" => Self::Add,
            "sub" => Self::Subtract,
            "mul" => Self::Multiply,
            "div" => Self::Divide,
            _ => return None,
        })
    }

    const fn binds(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessOrEqual
            | Self::Greater
            | Self::GreaterOrEqual => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide => 6,
        }
    }
}

/// `not` binds closer than `and` and looser than a comparison.
const NOT_BINDS: u8 = 3;
/// Brackets deeper than this are refused rather than risking the stack.
const DEEPEST: usize = 200;

/// Parses the text of an option; a failure names that option, as 1C does.
pub(crate) fn parse(text: &str, option: &str) -> Result<Syntax, ODataError> {
    let bad = |_: BadToken| ODataError::syntax(option);
    let tokens = tokens(text).map_err(bad)?;
    let mut parser = Parser {
        tokens: &tokens,
        depth: 0,
    };
    let tree = parser.expression(0).map_err(bad)?;
    if parser.tokens.is_empty() {
        Ok(tree)
    } else {
        Err(ODataError::syntax(option))
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Parser<'_> {
    fn expression(&mut self, least: u8) -> Result<Syntax, BadToken> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(BadToken);
        }
        let mut left = self.operand()?;
        while let Some(operator) = self.operator() {
            if operator.binds() <= least {
                break;
            }
            self.advance();
            let right = self.expression(operator.binds())?;
            left = Syntax::Binary(operator, Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operator(&self) -> Option<Operator> {
        match self.tokens.first() {
            Some(Token::Word(word)) => Operator::from_word(word),
            _ => None,
        }
    }

    fn advance(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn expect(&mut self, token: &Token) -> Result<(), BadToken> {
        if self.advance().as_ref() == Some(token) {
            Ok(())
        } else {
            Err(BadToken)
        }
    }

    fn operand(&mut self) -> Result<Syntax, BadToken> {
        match self.advance().ok_or(BadToken)? {
            Token::Open => {
                let inner = self.expression(0)?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Token::Minus => Ok(Syntax::Negate(Box::new(self.expression(6)?))),
            Token::Text(text) => Ok(Syntax::Literal(Value::Text(text.into()))),
            Token::Guid(id) => Ok(Syntax::Literal(Value::Guid(id))),
            Token::Moment(at) => Ok(Syntax::Literal(Value::Moment(at))),
            Token::Number { units, scale } => Ok(Syntax::Literal(Value::Number { units, scale })),
            Token::Word(word) => self.word(word),
            Token::Close | Token::Comma | Token::Slash | Token::Colon => Err(BadToken),
        }
    }

    fn word(&mut self, word: String) -> Result<Syntax, BadToken> {
        match word.as_str() {
            "true" => return Ok(Syntax::Literal(Value::Flag(true))),
            "false" => return Ok(Syntax::Literal(Value::Flag(false))),
            "not" => return Ok(Syntax::Not(Box::new(self.expression(NOT_BINDS)?))),
            _ if Operator::from_word(&word).is_some() => return Err(BadToken),
            _ => {}
        }
        if self.tokens.first() == Some(&Token::Open) {
            self.advance();
            return Ok(Syntax::Call(word, self.arguments()?));
        }
        let mut path = vec![word];
        while self.tokens.first() == Some(&Token::Slash) {
            self.advance();
            let Some(Token::Word(segment)) = self.advance() else {
                return Err(BadToken);
            };
            if self.tokens.first() == Some(&Token::Open)
                && matches!(segment.as_str(), "any" | "all")
            {
                self.advance();
                return self.lambda(path, segment == "all");
            }
            path.push(segment);
        }
        Ok(Syntax::Path(path))
    }

    fn arguments(&mut self) -> Result<Vec<Syntax>, BadToken> {
        let mut arguments = Vec::new();
        if self.tokens.first() == Some(&Token::Close) {
            self.advance();
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression(0)?);
            match self.advance() {
                Some(Token::Comma) => {}
                Some(Token::Close) => return Ok(arguments),
                _ => return Err(BadToken),
            }
        }
    }

    fn lambda(&mut self, path: Vec<String>, all: bool) -> Result<Syntax, BadToken> {
        let Some(Token::Word(variable)) = self.advance() else {
            return Err(BadToken);
        };
        self.expect(&Token::Colon)?;
        let body = Box::new(self.expression(0)?);
        self.expect(&Token::Close)?;
        Ok(Syntax::Lambda {
            path,
            all,
            variable,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_filters_are_understood() {
        for text in [
            "Period ge datetime'2025-03-01T00:00:00' and Active eq true",
            "Ref_Key eq guid'7a10c001-3f2b-11ef-8a01-0050569a0001' or Code eq 'О''Нил'",
            "not (Posted eq true)",
            "Сумма add 1 mul 2 gt -5.50",
            "Запасы/any(d: d/Номенклатура_Key eq guid'7a10c001-3f2b-11ef-8a01-0050569a0001')",
            "Документ eq cast(guid'7a10c001-3f2b-11ef-8a01-0050569a0001','Document_ЧекККМ')",
            "isof(Recorder,'Document_ЧекККМ') and substringof('79',НомерТелефонаДляПоиска) eq true",
            "Контрагент/ИНН eq ''",
        ] {
            assert!(parse(text, "$filter").is_ok(), "{text}");
        }
    }

    #[test]
    fn what_1c_does_not_understand_is_code_14() {
        for text in [
            "",
            "Period ge 2025-03-01T00:00:00",
            "Period ge datetime'2025-03-01'",
            "Period ge datetime'25-03-01T00:00:00'",
            "Period+ge+datetime'2025-03-01T00:00:00'",
            "Ref_Key eq guid'7a10c001'",
            "Ref_Key eq 7a10c001-3f2b-11ef-8a01-0050569a0001",
            "Code eq 'open",
            "Code eq",
            "eq 'x'",
            "(Code eq 'x'",
            "Code eq 'x' Code",
            "Code in ('a','b')",
            "Code eq \"x\"",
        ] {
            assert_eq!(
                parse(text, "$filter").map_err(|error| error.code),
                Err(14),
                "{text}"
            );
        }
    }

    #[test]
    fn and_binds_closer_than_or() {
        let tree = parse("a or b and c", "$filter").unwrap();
        assert!(matches!(tree, Syntax::Binary(Operator::Or, _, _)));
        let tree = parse("not a and b", "$filter").unwrap();
        assert!(matches!(tree, Syntax::Binary(Operator::And, _, _)));
    }

    #[test]
    fn endless_brackets_are_refused() {
        let text = "(".repeat(10_000);
        assert!(parse(&text, "$filter").is_err());
    }
}
