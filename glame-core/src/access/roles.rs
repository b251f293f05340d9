use super::StaffMember;
use crate::users::Role;
use crate::values::UserId;

/// A change of what a member of staff may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffChange {
    /// Gives another role.
    Role(Role),
    /// Lets the member sign in no more.
    Disable,
    /// Lets the member sign in again.
    Enable,
}

/// Tells why a member of staff stays as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleRefusal {
    /// There is no such member.
    #[error("there is no such member of staff")]
    UnknownMember,
    /// A customer is no member of staff.
    #[error("a member of staff cannot become a customer; disable the member instead")]
    NotForStaff,
    /// Administrators lock themselves out only by mistake.
    #[error("an administrator cannot take away the own role; ask another administrator")]
    OwnRole,
    /// Administrators lock themselves out only by mistake.
    #[error("an administrator cannot disable the own account; ask another administrator")]
    OwnAccount,
    /// Nobody would be left who can administer.
    #[error("this is the last active administrator; make another one first")]
    LastAdmin,
}

/// Decides on a change of a member: gives the member as it is afterwards.
///
/// `staff` are all members, `actor` is who asks; none on the command line. What the member is
/// already is no error; it comes back as it was.
pub fn decide_role(
    staff: &[StaffMember],
    actor: Option<UserId>,
    user: UserId,
    change: StaffChange,
) -> Result<StaffMember, RoleRefusal> {
    let member = staff
        .iter()
        .find(|member| member.user == user)
        .ok_or(RoleRefusal::UnknownMember)?;
    let mut changed = member.clone();
    match change {
        StaffChange::Role(Role::Customer) => return Err(RoleRefusal::NotForStaff),
        StaffChange::Role(role) => changed.role = role,
        StaffChange::Disable => changed.disabled = true,
        StaffChange::Enable => changed.disabled = false,
    }
    if member.is_active_admin() && !changed.is_active_admin() {
        if actor == Some(user) {
            return Err(match change {
                StaffChange::Role(_) => RoleRefusal::OwnRole,
                StaffChange::Disable | StaffChange::Enable => RoleRefusal::OwnAccount,
            });
        }
        let others = staff
            .iter()
            .filter(|other| other.user != user && other.is_active_admin());
        if others.count() == 0 {
            return Err(RoleRefusal::LastAdmin);
        }
    }
    if changed != *member {
        changed.version = member.version.saturating_add(1);
    }
    Ok(changed)
}
