//! Cuts the text of `$filter` into tokens.

use uuid::Uuid;

use crate::moment::Moment;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Guid(Uuid),
    Moment(Moment),
    Number { units: i64, scale: u8 },
    Open,
    Close,
    Comma,
    Slash,
    Colon,
    Minus,
}

/// The text is not what 1C would understand; it does not say where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadToken;

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, BadToken> {
    let mut lexer = Lexer { rest: text };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    rest: &'a str,
}

impl Lexer<'_> {
    fn next_token(&mut self) -> Result<Option<Token>, BadToken> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let Some(first) = self.rest.chars().next() else {
            return Ok(None);
        };
        let simple = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            ',' => Some(Token::Comma),
            '/' => Some(Token::Slash),
            ':' => Some(Token::Colon),
            '-' => Some(Token::Minus),
            _ => None,
        };
        if let Some(token) = simple {
            self.rest = &self.rest[1..];
            return Ok(Some(token));
        }
        if first == '\'' {
            return self.quoted().map(|text| Some(Token::Text(text)));
        }
        if first.is_ascii_digit() {
            return self.number().map(Some);
        }
        if first.is_alphabetic() || first == '_' {
            return self.word().map(Some);
        }
        Err(BadToken)
    }

    /// A string literal; a doubled quote stands for one.
    fn quoted(&mut self) -> Result<String, BadToken> {
        let mut text = String::new();
        let mut rest = &self.rest[1..];
        loop {
            let end = rest.find('\'').ok_or(BadToken)?;
            text.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix('\'') {
                Some(after) => {
                    text.push('\'');
                    rest = after;
                }
                None => break,
            }
        }
        self.rest = rest;
        Ok(text)
    }

    fn number(&mut self) -> Result<Token, BadToken> {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return Err(BadToken);
        }
        self.rest = rest;
        decimal(text)
            .map(|(units, scale)| Token::Number { units, scale })
            .ok_or(BadToken)
    }

    fn word(&mut self) -> Result<Token, BadToken> {
        let end = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let word = self.rest[..end].to_owned();
        self.rest = &self.rest[end..];
        if !self.rest.starts_with('\'') {
            return Ok(Token::Word(word));
        }
        let text = self.quoted()?;
        match word.as_str() {
            "guid" => parse_guid(&text).map(Token::Guid).ok_or(BadToken),
            "datetime" => Moment::parse(&text).map(Token::Moment).ok_or(BadToken),
            _ => Err(BadToken),
        }
    }
}

/// Reads only the hyphenated form: 1C knows no other.
pub(crate) fn parse_guid(text: &str) -> Option<Uuid> {
    if text.len() == 36 {
        Uuid::try_parse(text).ok()
    } else {
        None
    }
}

pub(crate) fn decimal(text: &str) -> Option<(i64, u8)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || text.ends_with('.') {
        return None;
    }
    let units = format!("{whole}{fraction}").parse().ok()?;
    let scale = u8::try_from(fraction.len())
        .ok()
        .filter(|scale| *scale <= 12)?;
    Some((units, scale))
}
