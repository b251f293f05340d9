//! Who may sign in to the demonstration, and how.

use std::io::Write;
use std::path::Path;

use glame_core::access::{AccessService, Caller, FirstPassword, NewStaffMember, Password};
use glame_core::customers::{
    CustomerDirectory, CustomerQuery, CustomerSelection, CustomerSort, CustomerSortKey,
    SortDirection,
};
use glame_core::users::Role;
use glame_core::values::{CardNumber, EmailAddress};

use crate::access::SystemSecrets;
use crate::commands::CommandError;
use crate::output::table;

/// The members of staff: one for each role.
const STAFF: [(&str, Role); 3] = [
    ("admin@demo.example", Role::Admin),
    ("marketer@demo.example", Role::AiMarketer),
    ("content@demo.example", Role::ContentManager),
];

/// Among how many of the best customers one with a card is looked for.
const BEST: u32 = 20;

/// Tells how to sign in as a customer and as each member of staff, who are made the first time.
///
/// Their password is drawn then, and lies beside the database for its owner alone.
pub(super) async fn sign_in(
    access: &AccessService,
    customers: &CustomerDirectory,
    data: &Path,
) -> Result<String, CommandError> {
    let password = kept_password(&data.join("staff-password"))?;
    let mut rows = Vec::new();
    for (email, role) in STAFF {
        rows.push(vec![
            role.as_str().to_owned(),
            email.to_owned(),
            format!("password {password}"),
        ]);
        let email = EmailAddress::parse(email)?;
        if access.staff_by_email(&email).await?.is_none() {
            let new = NewStaffMember {
                email,
                role,
                full_name: None,
                password: FirstPassword::Chosen(password.clone()),
            };
            access.create_staff(&Caller::system(), new).await?;
        }
    }
    let best = CustomerQuery {
        selection: CustomerSelection::default(),
        sort: CustomerSort {
            key: CustomerSortKey::TotalSpent,
            direction: SortDirection::Descending,
        },
        after: None,
        limit: BEST,
    };
    let found = customers.page(&best).await?;
    let mut cards = found
        .rows
        .iter()
        .filter_map(|row| row.user.discount_card_number.as_ref());
    if let Some(card) = cards.next().map(CardNumber::as_str) {
        let code = card
            .len()
            .checked_sub(4)
            .and_then(|start| card.get(start..));
        rows.push(vec![
            Role::Customer.as_str().to_owned(),
            format!("card {card}"),
            format!("code {}", code.unwrap_or(card)),
        ]);
    }
    Ok(table(&["role", "who", "sign in with"], &rows))
}

fn kept_password(path: &Path) -> Result<String, CommandError> {
    if let Ok(kept) = std::fs::read_to_string(path) {
        return Ok(kept.trim_end().to_owned());
    }
    let drawn = Password::draw(&SystemSecrets)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    writeln!(options.open(path)?, "{}", drawn.as_str())?;
    Ok(drawn.as_str().to_owned())
}
