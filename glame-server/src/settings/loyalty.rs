use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use chrono_tz::Tz;
use croner::Cron;
use glame_core::loyalty::{LoyaltyProgramme, PointsLedger};
use serde::{Deserialize, Deserializer, de};

use super::{SettingsError, cron};

/// The loyalty programme.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoyaltySettings {
    /// Where the points live.
    pub ledger: PointsLedger,
    /// The name of a programme that ships: `guide` or `ladder`; if absent, `guide`.
    pub profile: Option<String>,
    /// The file of a programme of one's own, TOML or JSON, beside the settings file.
    pub programme: Option<PathBuf>,
    /// The first day whose receipts earn; it goes before the one of the programme.
    #[serde(deserialize_with = "day")]
    pub starts_on: Option<NaiveDate>,
    /// When points whose time is over are written off, as a cron expression; `off` for never.
    pub expire_schedule: String,
}

impl Default for LoyaltySettings {
    fn default() -> Self {
        Self {
            ledger: PointsLedger::Glame,
            profile: None,
            programme: None,
            starts_on: None,
            expire_schedule: "15 3 * * *".to_owned(),
        }
    }
}

impl LoyaltySettings {
    /// Gives the rules; a profile keeps the calendar of the shop's zone.
    pub fn programme(&self, zone: Tz) -> Result<LoyaltyProgramme, SettingsError> {
        let mut programme = match (&self.profile, &self.programme) {
            (Some(_), Some(_)) => {
                return Err(wrong(
                    "loyalty.programme",
                    "give either loyalty.programme or loyalty.profile, not both",
                ));
            }
            (None, Some(path)) => read_programme(path)?,
            (profile, None) => {
                let name = profile.as_deref().unwrap_or("guide");
                let profile = LoyaltyProgramme::profile(name).ok_or_else(|| {
                    wrong(
                        "loyalty.profile",
                        "expected guide or ladder; a programme of your own goes into \
                         loyalty.programme",
                    )
                })?;
                LoyaltyProgramme { zone, ..profile }
            }
        };
        if self.starts_on.is_some() {
            programme.starts_on = self.starts_on;
        }
        programme
            .check()
            .map_err(|error| wrong("loyalty.programme", &error.to_string()))?;
        Ok(programme)
    }

    /// Gives the times of the write-off; none if it is off.
    pub fn expire_schedule(&self) -> Result<Option<Cron>, SettingsError> {
        cron("loyalty.expire_schedule", &self.expire_schedule)
    }

    /// Looks for the file of the programme beside the settings file.
    pub(super) fn resolve(&mut self, settings_file: &Path) {
        if let (Some(programme), Some(folder)) = (&mut self.programme, settings_file.parent()) {
            *programme = folder.join(&programme);
        }
    }
}

fn read_programme(path: &Path) -> Result<LoyaltyProgramme, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let problem = format!(
            "cannot read {}: {error}; check that it exists and may be read",
            path.display()
        );
        wrong("loyalty.programme", &problem)
    })?;
    let is_json = path
        .extension()
        .is_some_and(|extension| extension == "json");
    let programme = if is_json {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        parse_toml(&text).map_err(|error| error.to_string().trim_end().to_owned())
    };
    programme.map_err(|error| {
        let problem = format!("{} is no programme: {error}", path.display());
        wrong("loyalty.programme", &problem)
    })
}

/// Reads a programme; its dates may be dates of TOML or strings.
fn parse_toml(text: &str) -> Result<LoyaltyProgramme, toml::de::Error> {
    toml::from_str(text).or_else(|error| {
        let Ok(mut table) = toml::from_str::<toml::Table>(text) else {
            return Err(error);
        };
        let Some(toml::Value::Datetime(date)) = table.get("starts_on") else {
            return Err(error);
        };
        let date = toml::Value::String(date.to_string());
        table.insert("starts_on".to_owned(), date);
        table.try_into()
    })
}

fn wrong(key: &'static str, problem: &str) -> SettingsError {
    SettingsError::Wrong {
        key,
        problem: problem.to_owned(),
    }
}

/// Reads a day, a date of TOML or a string.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Day {
        Text(String),
        Date(toml::value::Datetime),
    }
    let text = match Day::deserialize(deserializer) {
        Ok(Day::Text(text)) => text,
        Ok(Day::Date(date)) => date.to_string(),
        Err(_) => return Err(de::Error::custom("expected a day like 2026-01-01")),
    };
    text.parse()
        .map(Some)
        .map_err(|_| de::Error::custom("expected a day like 2026-01-01"))
}

#[cfg(test)]
mod tests {
    use glame_core::loyalty::BaseRate;

    use super::*;

    const MOSCOW: Tz = chrono_tz::Europe::Moscow;

    fn settings(text: &str) -> LoyaltySettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_start_is_a_date_or_a_string() {
        for text in ["starts_on = 2026-01-31", "starts_on = \"2026-01-31\""] {
            let programme = settings(text).programme(MOSCOW).unwrap();
            assert_eq!(programme.starts_on, NaiveDate::from_ymd_opt(2026, 1, 31));
        }
        for text in [
            "starts_on = 2026",
            "starts_on = \"soon\"",
            "starts_on = 07:32:00",
        ] {
            let error = toml::from_str::<LoyaltySettings>(text).unwrap_err();
            assert!(error.to_string().contains("2026-01-01"), "{error}");
        }
    }

    #[test]
    fn a_profile_keeps_the_calendar_of_the_shop() {
        let zone = chrono_tz::Asia::Vladivostok;
        let programme = settings("profile = \"ladder\"").programme(zone).unwrap();
        assert_eq!((programme.id.as_str(), programme.zone), ("ladder", zone));
        assert_eq!(settings("").programme(zone).unwrap().id, "guide");
    }

    #[test]
    fn a_programme_is_toml_or_json_and_the_settings_move_its_start() {
        let directory = tempfile::tempdir().unwrap();
        let cases = [
            (
                "ours.toml",
                "id = \"ours\"\nversion = 3\nstarts_on = 2026-01-31\n\
                 [earning.base.flat]\nrate = \"0.015\"\n",
            ),
            (
                "ours.json",
                r#"{"id": "ours", "version": 3, "starts_on": "2026-01-31",
                    "earning": {"base": {"flat": {"rate": "0.015"}}}}"#,
            ),
        ];
        for (name, text) in cases {
            std::fs::write(directory.path().join(name), text).unwrap();
            let mut settings = settings(&format!("programme = \"{name}\""));
            settings.resolve(&directory.path().join("glame.toml"));
            let programme = settings.programme(MOSCOW).unwrap();
            assert_eq!((programme.id.as_str(), programme.version), ("ours", 3));
            let rate = "0.015".parse().unwrap();
            assert_eq!(programme.earning.base, BaseRate::Flat { rate });
            assert_eq!(programme.starts_on, NaiveDate::from_ymd_opt(2026, 1, 31));
            settings.starts_on = NaiveDate::from_ymd_opt(2026, 3, 1);
            let moved = settings.programme(MOSCOW).unwrap();
            assert_eq!(moved.starts_on, settings.starts_on);
        }
    }

    #[test]
    fn an_error_names_the_key_and_what_is_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            format!("programme = {:?}", path.to_str().unwrap())
        };
        let cases = [
            (
                "profile = \"gold\"".to_owned(),
                "loyalty.profile: expected guide or ladder",
            ),
            (
                "profile = \"guide\"\nprogramme = \"x.toml\"".to_owned(),
                "loyalty.programme: give either",
            ),
            (
                "programme = \"/no/such.toml\"".to_owned(),
                "loyalty.programme: cannot read",
            ),
            (write("a.toml", "earnings = 1"), "unknown field `earnings`"),
            (
                write("b.toml", "id = \"Ours!\""),
                "loyalty.programme: the programme's id",
            ),
            (
                write("c.toml", "[earning.base.flat]\nrate = 0.015"),
                "loyalty.programme: ",
            ),
            (write("d.json", "{"), "loyalty.programme: "),
        ];
        for (text, expected) in cases {
            let error = settings(&text).programme(MOSCOW).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let error = settings("expire_schedule = \"now and then\"").expire_schedule();
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("loyalty.expire_schedule: "), "{error}");
    }
}
