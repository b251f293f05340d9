use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;

use chrono::SecondsFormat;
use clap::{Args, Subcommand, ValueEnum};
use console::Term;
use glame_core::access::{
    AccessService, Caller, FirstPassword, NewStaffMember, Password, StaffMember,
};
use glame_core::users::Role;
use glame_core::values::{EmailAddress, PlainText};
use serde::Serialize;

use super::CommandError;
use crate::output::{print, print_json, table};
use crate::settings::Settings;
use crate::wiring;

/// How many members are read at once.
const PAGE: u32 = 500;

/// Members of staff.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make a member of staff; the password is asked for, or read from the first line of standard input
    CreateStaff(CreateStaff),
    /// List the members of staff
    ListStaff(ListStaff),
    /// Give a member of staff a temporary password, and end all sessions of the member
    ResetPassword(ResetPassword),
}

#[derive(Debug, Args)]
pub(super) struct CreateStaff {
    /// The e-mail address to sign in with
    #[arg(long, value_name = "E", value_parser = email)]
    email: EmailAddress,
    /// What the member may do
    #[arg(long)]
    role: StaffRole,
    /// The name, for other members
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ListStaff {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ResetPassword {
    /// The e-mail address of the member
    #[arg(long, value_name = "E", value_parser = email)]
    email: EmailAddress,
}

/// The roles of staff.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum StaffRole {
    Admin,
    AiMarketer,
    ContentManager,
}

impl From<StaffRole> for Role {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::Admin => Self::Admin,
            StaffRole::AiMarketer => Self::AiMarketer,
            StaffRole::ContentManager => Self::ContentManager,
        }
    }
}

/// A member of staff as the command line shows it.
#[derive(Debug, Serialize)]
struct StaffView<'a> {
    user_id: String,
    email: &'a str,
    full_name: Option<&'a str>,
    role: &'static str,
    disabled: bool,
    must_change_password: bool,
    created_at: String,
}

impl<'a> From<&'a StaffMember> for StaffView<'a> {
    fn from(member: &'a StaffMember) -> Self {
        Self {
            user_id: member.user.to_string(),
            email: member.email.as_str(),
            full_name: member.full_name.as_ref().map(PlainText::as_str),
            role: member.role.as_str(),
            disabled: member.disabled,
            must_change_password: member.must_change_password,
            created_at: member.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        }
    }
}

impl User {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        let storage = wiring::storage(settings).await?;
        let access = wiring::access(settings, Arc::clone(&storage))?;
        match self {
            Self::CreateStaff(create) => create.run(&access).await?,
            Self::ListStaff(list) => list.run(&access).await?,
            Self::ResetPassword(reset) => reset.run(&access).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl CreateStaff {
    async fn run(self, access: &AccessService) -> Result<(), CommandError> {
        let email = self.email.as_str().to_owned();
        let password = read_password(&email)?;
        let new = NewStaffMember {
            email: self.email,
            role: self.role.into(),
            full_name: self.name.as_deref().and_then(PlainText::clean),
            password: FirstPassword::Chosen(password),
        };
        let created = access.create_staff(&Caller::system(), new).await?;
        let role = created.member.role.as_str();
        print(&format!("{email} may sign in as {role}"))?;
        Ok(())
    }
}

impl ListStaff {
    async fn run(self, access: &AccessService) -> Result<(), CommandError> {
        let mut staff = Vec::new();
        loop {
            let after = staff.last().map(|member: &StaffMember| member.user);
            let page = access.list_staff(after, PAGE).await?;
            if page.is_empty() {
                break;
            }
            staff.extend(page);
        }
        staff.sort_by(|one, other| one.email.cmp(&other.email));
        let views: Vec<StaffView<'_>> = staff.iter().map(StaffView::from).collect();
        if self.json {
            print_json(&serde_json::json!({ "staff": views }))?;
            return Ok(());
        }
        let state = |view: &StaffView<'_>| match (view.disabled, view.must_change_password) {
            (true, _) => "disabled",
            (false, true) => "temporary password",
            (false, false) => "active",
        };
        let rows: Vec<Vec<String>> = views
            .iter()
            .map(|view| {
                vec![
                    view.email.to_owned(),
                    view.role.to_owned(),
                    state(view).to_owned(),
                    view.created_at.clone(),
                ]
            })
            .collect();
        print(&table(&["e-mail", "role", "state", "since"], &rows))?;
        Ok(())
    }
}

impl ResetPassword {
    async fn run(self, access: &AccessService) -> Result<(), CommandError> {
        let email = self.email.as_str();
        let member = access
            .staff_by_email(&self.email)
            .await?
            .ok_or_else(|| format!("there is no member of staff with the address {email}"))?;
        let temporary = access
            .reset_password(&Caller::system(), member.user)
            .await?;
        // The password alone on standard output, so that a script can take it.
        print(temporary.as_str())?;
        tracing::info!("the password must be changed at the next sign-in");
        Ok(())
    }
}

fn email(text: &str) -> Result<EmailAddress, String> {
    EmailAddress::parse(text).map_err(|error| error.to_string())
}

/// Reads a password that is good enough: twice without echo on a terminal, else the first line.
fn read_password(email: &str) -> Result<String, CommandError> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let mut line = String::new();
        stdin.lock().read_line(&mut line)?;
        let text = line.trim_end_matches(['\r', '\n']).to_owned();
        Password::new_for(email, &text)?;
        return Ok(text);
    }
    let terminal = Term::stderr();
    let ask = |question: &str| {
        terminal.write_str(question)?;
        terminal.read_secure_line()
    };
    let text = ask(&format!("Password of {email}: "))?;
    Password::new_for(email, &text)?;
    if ask("The same again: ")? != text {
        return Err("the two passwords are not the same".into());
    }
    Ok(text)
}
