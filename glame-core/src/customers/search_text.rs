use crate::catalogue::Product;
use crate::users::User;
use crate::values::{EmailAddress, PlainText};

/// What stands before each word of an indexed text; with it, a word of one letter has a trigram.
const BEFORE_WORD: &str = "  ";

/// The most characters of a key by which rows are sorted: more do not fit into an index.
const KEY_CHARS: usize = 200;

/// What somebody looks for: words that must all be found, in whatever order.
///
/// Letters are compared without case, and ё is е; everything that is neither a letter nor a digit
/// only divides words, so that wildcards have no meaning. A word of three characters or more is
/// found anywhere inside a word, a shorter one at its beginning. Groups of digits are one number,
/// as people write telephones and cards, and a leading 8 stands for any country code.
///
/// ```
/// use glame_core::customers::{SearchText, customer_text};
/// use glame_core::testkit::fixtures;
///
/// let alena = customer_text(&fixtures::customer(1));
/// for found in ["алена прим", "8 (999) 000-00-01", "0001", "Ялта"] {
///     assert!(SearchText::parse(found)?.matches(&alena), "{found}");
/// }
/// assert!(!SearchText::parse("алена ре%ва")?.matches(&alena));
/// # Ok::<(), glame_core::customers::SearchTextError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SearchText {
    words: Vec<SearchWord>,
}

impl std::fmt::Debug for SearchText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchText")
            .field("words", &self.words.len())
            .finish()
    }
}

/// One word, as it stands somewhere in an indexed text; it has three characters at least.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchWord(String);

impl std::fmt::Debug for SearchWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SearchWord(***)")
    }
}

/// Tells why nothing can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchTextError {
    /// There is neither a letter nor a digit.
    #[error("the search text has neither a letter nor a digit")]
    Empty,
    /// The text is longer, or has more words, than anybody looks for.
    #[error(
        "the search text has more than {} characters or more than {} words",
        SearchText::MAX_CHARS,
        SearchText::MAX_WORDS
    )]
    TooLong,
}

impl SearchText {
    /// The longest text that is accepted.
    pub const MAX_CHARS: usize = 200;

    /// The most words that are accepted.
    pub const MAX_WORDS: usize = 10;

    /// Reads what somebody has typed.
    pub fn parse(text: &str) -> Result<Self, SearchTextError> {
        if text.chars().count() > Self::MAX_CHARS {
            return Err(SearchTextError::TooLong);
        }
        let mut words: Vec<SearchWord> = typed_words(text).iter().map(|w| word_of(w)).collect();
        words.sort();
        words.dedup();
        match words.len() {
            0 => Err(SearchTextError::Empty),
            count if count > Self::MAX_WORDS => Err(SearchTextError::TooLong),
            _ => Ok(Self { words }),
        }
    }

    /// Gives the words, each of which must stand in the indexed text.
    #[must_use]
    pub fn words(&self) -> &[SearchWord] {
        &self.words
    }

    /// Tells whether every word stands in an indexed text ([`customer_text`], [`product_text`]).
    #[must_use]
    pub fn matches(&self, indexed: &str) -> bool {
        self.words.iter().all(|word| indexed.contains(&word.0))
    }
}

impl SearchWord {
    /// Gives the characters that must stand in the indexed text, one after the other.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives every three neighbouring characters, by which an index finds candidates.
    pub fn trigrams(&self) -> impl Iterator<Item = &str> {
        let ends = self
            .0
            .char_indices()
            .map(|(at, c)| at + c.len_utf8())
            .skip(2);
        self.0
            .char_indices()
            .zip(ends)
            .filter_map(|((start, _), end)| self.0.get(start..end))
    }
}

/// Gives the text by which a customer is found, without the cards.
#[must_use]
pub fn customer_text(user: &User) -> String {
    let mut text = String::new();
    push_words(&mut text, user.full_name.as_ref().map(PlainText::as_str));
    if let Some(phone) = user.phone {
        text.push_str(BEFORE_WORD);
        text.push_str(&phone.digits().to_string());
    }
    push_words(&mut text, user.email.as_ref().map(EmailAddress::as_str));
    push_words(&mut text, user.city.as_ref().map(PlainText::as_str));
    text
}

/// Gives the text by which the holder of cards is found, numbers in order.
///
/// Databases make it by themselves of the numbers that they keep, two spaces before each.
#[cfg(any(test, feature = "testkit"))]
#[must_use]
pub(crate) fn card_text(mut numbers: Vec<&crate::values::CardNumber>) -> String {
    numbers.sort();
    numbers
        .into_iter()
        .flat_map(|number| [BEFORE_WORD, number.as_str()])
        .collect()
}

/// Gives the text by which an article is found.
#[must_use]
pub fn product_text(product: &Product) -> String {
    let mut text = String::new();
    push_words(&mut text, Some(product.name.as_str()));
    for part in [&product.article, &product.brand, &product.category] {
        push_words(&mut text, part.as_ref().map(PlainText::as_str));
    }
    text
}

/// Gives the key by which names are sorted, byte by byte.
#[must_use]
pub fn name_key(name: &PlainText) -> Option<String> {
    key_of(name.as_str())
}

/// Gives the key by which cities are the same.
#[must_use]
pub fn city_key(city: &PlainText) -> Option<String> {
    key_of(city.as_str())
}

fn key_of(text: &str) -> Option<String> {
    let key: String = folded_words(text)
        .join(" ")
        .chars()
        .take(KEY_CHARS)
        .collect();
    let key = key.trim_end();
    (!key.is_empty()).then(|| key.to_owned())
}

fn push_words(text: &mut String, part: Option<&str>) {
    for word in folded_words(part.unwrap_or_default()) {
        text.push_str(BEFORE_WORD);
        text.push_str(&word);
    }
}

fn folded_words(text: &str) -> Vec<String> {
    folded(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Folds what may be written in two ways: case, ё, and letters that are put together of two.
///
/// Upper case, because card numbers are kept so and databases put them into the text.
fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_uppercase) {
        match c {
            'Ё' => folded.push('Е'),
            // A breve makes И an Й; of Ё and of accents nothing is left.
            '\u{306}' if folded.ends_with('И') => {
                folded.pop();
                folded.push('Й');
            }
            '\u{300}'..='\u{36f}' => {}
            _ => folded.push(c),
        }
    }
    folded
}

/// Divides what somebody has typed into words, with the groups of a number put together.
fn typed_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    let mut goes_on = false;
    for c in folded(text).chars() {
        if c.is_alphanumeric() {
            let digits_only = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
            match words.last_mut() {
                Some(word) if is_open || (goes_on && c.is_ascii_digit() && digits_only(word)) => {
                    word.push(c);
                }
                _ => words.push(c.into()),
            }
            is_open = true;
            goes_on = true;
        } else {
            is_open = false;
            goes_on &= " \u{a0}-().".contains(c);
        }
    }
    words
}

fn word_of(word: &str) -> SearchWord {
    // Without its first digit a number of another country or a card is still found.
    let number = word
        .strip_prefix('8')
        .filter(|rest| rest.len() >= 4 && rest.bytes().all(|byte| byte.is_ascii_digit()));
    let word = number.unwrap_or(word);
    if word.chars().count() < 3 {
        SearchWord(format!("{BEFORE_WORD}{word}"))
    } else {
        SearchWord(word.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testkit::fixtures::{card_number, customer, product, text};

    fn finds(typed: &str, indexed: &str) -> bool {
        SearchText::parse(typed).unwrap().matches(indexed)
    }

    #[test]
    fn people_are_found_by_whatever_is_known_of_them() {
        let mut anna = customer(1);
        anna.full_name = Some(text("Ёлкина-Берёзова Анна"));
        let indexed = customer_text(&anna) + &card_text(vec![&card_number(7)]);
        let found = [
            "елкина",
            "ЁЛКИНА",
            "ёлк анна",
            "анна берез",
            "Елкина-Бере",
            "я",
            "ял",
            "Ялта",
            "+7 999 000-00-01",
            "8 (999) 000 00 01",
            "9990000001",
            "79990000001",
            "8999000",
            "000-01",
            "00-00-01",
            "customer1@example.org",
            "example",
            "2900000000007",
            "29 0000 0000 007",
            "анна 0001",
            "% анна _",
        ];
        for typed in found {
            assert!(finds(typed, &indexed), "{typed}");
        }
        let not_found = [
            "лт",
            "анна борис",
            "а_на",
            "8 (999) 000 00 02",
            "нн",
            "елкина3",
        ];
        for typed in not_found {
            assert!(!finds(typed, &indexed), "{typed}");
        }
    }

    #[test]
    fn letters_put_together_of_two_are_the_same_letters() {
        let mut andrey = customer(1);
        andrey.full_name = Some(text("Андреи\u{306} Семе\u{308}нов"));
        let indexed = customer_text(&andrey);
        assert!(finds("андрей", &indexed));
        assert!(finds("семёнов", &indexed));
        andrey.full_name = Some(text("Андрей Семёнов"));
        assert_eq!(customer_text(&andrey), indexed);
    }

    #[test]
    fn what_is_no_text_to_look_for_is_refused() {
        for typed in ["", "  ", "%", "\"'", "\u{301}"] {
            assert_eq!(
                SearchText::parse(typed),
                Err(SearchTextError::Empty),
                "{typed:?}"
            );
        }
        let long = "я".repeat(201);
        assert_eq!(SearchText::parse(&long), Err(SearchTextError::TooLong));
        let many: String = ('а'..='л').flat_map(|c| [c, ' ']).collect();
        assert_eq!(SearchText::parse(&many), Err(SearchTextError::TooLong));
    }

    #[test]
    fn articles_are_found_by_name_number_brand_and_category() {
        let indexed = product_text(&product(12));
        for typed in ["кольцо 12", "k-12", "дом прим", "кольца"] {
            assert!(finds(typed, &indexed), "{typed}");
        }
        assert!(!finds("серьги", &indexed));
    }

    #[test]
    fn keys_of_names_are_short_and_fold() {
        let key = |name: &str| name_key(&text(name));
        assert_eq!(key("ёлкина,  Анна").as_deref(), Some("ЕЛКИНА АННА"));
        assert_eq!(key("🌷"), None);
        assert_eq!(key(&"ŉ".repeat(1_000)).unwrap().chars().count(), 200);
    }

    proptest! {
        #[test]
        fn a_word_of_a_name_finds_it(name in "[а-яё]{1,12}( [А-ЯЁ][а-яё]{0,9}){0,3}", n in 0_usize..4) {
            let mut user = customer(1);
            user.full_name = Some(text(&name));
            let words: Vec<&str> = name.split(' ').collect();
            prop_assert!(finds(words[n % words.len()], &customer_text(&user)));
            prop_assert!(finds(&name, &customer_text(&user)));
        }

        #[test]
        fn any_text_is_refused_or_has_words_with_trigrams(typed in ".{0,60}") {
            if let Ok(text) = SearchText::parse(&typed) {
                for word in text.words() {
                    prop_assert!(word.trigrams().next().is_some());
                    prop_assert!(word.trigrams().all(|trigram| trigram.chars().count() == 3));
                }
            }
        }
    }
}
