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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::fixtures::access::{staff_member, staff_user};

    /// Members 1 and 2 administer, 3 does marketing, 4 is a disabled administrator.
    fn staff() -> Vec<StaffMember> {
        let mut staff: Vec<_> = (1..=4).map(staff_member).collect();
        staff[2].role = Role::AiMarketer;
        staff[3].disabled = true;
        staff
    }

    fn decide(
        staff: &[StaffMember],
        actor: Option<u128>,
        user: u128,
        change: StaffChange,
    ) -> Result<StaffMember, RoleRefusal> {
        decide_role(staff, actor.map(staff_user), staff_user(user), change)
    }

    #[test]
    fn administrators_neither_demote_nor_disable_themselves() {
        let demote = StaffChange::Role(Role::ContentManager);
        let cases = [
            (Some(1), 1, demote, Err(RoleRefusal::OwnRole)),
            (
                Some(1),
                1,
                StaffChange::Disable,
                Err(RoleRefusal::OwnAccount),
            ),
            (Some(1), 1, StaffChange::Role(Role::Admin), Ok(1)),
            (Some(1), 2, demote, Ok(2)),
            (Some(1), 2, StaffChange::Disable, Ok(2)),
            (Some(1), 3, StaffChange::Role(Role::Admin), Ok(2)),
            (Some(1), 4, StaffChange::Enable, Ok(2)),
            (Some(1), 4, StaffChange::Disable, Ok(1)),
            (
                Some(1),
                3,
                StaffChange::Role(Role::Customer),
                Err(RoleRefusal::NotForStaff),
            ),
            (Some(1), 9, demote, Err(RoleRefusal::UnknownMember)),
            (None, 1, demote, Ok(2)),
        ];
        for (actor, user, change, expected) in cases {
            let version = decide(&staff(), actor, user, change).map(|member| member.version);
            assert_eq!(version, expected, "{actor:?} {user} {change:?}");
        }
    }

    #[test]
    fn the_last_active_administrator_stays() {
        let mut staff = staff();
        staff[1].role = Role::AiMarketer;
        for change in [StaffChange::Role(Role::AiMarketer), StaffChange::Disable] {
            // Neither the command line nor somebody whose role was taken meanwhile.
            for actor in [None, Some(2)] {
                let refused = decide(&staff, actor, 1, change);
                assert_eq!(refused, Err(RoleRefusal::LastAdmin), "{change:?}");
            }
        }
    }

    #[test]
    fn a_change_changes_nothing_else() {
        let changed = decide(&staff(), None, 3, StaffChange::Role(Role::ContentManager));
        let expected = StaffMember {
            role: Role::ContentManager,
            version: 2,
            ..staff()[2].clone()
        };
        assert_eq!(changed, Ok(expected));
    }
}
