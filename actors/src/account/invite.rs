//! Invitations to teams that come along with signing in or up.
//!
//! A code that holds no more is no reason to refuse the sign-in it came with.

use serde_json::json;
use slipway_model::audit::{Origin, log};
use slipway_model::team_invite::{accept_invite, is_invite_open};
use slipway_model::{AccountId, Run};
use uuid::Uuid;

use super::{AccountError, Office};

/// What codes begin with.
const PREFIX: &str = "urn:teaminvite:";

/// Reads the code of an invitation; `None` for any other text.
pub(crate) fn read_code(code: Option<&str>) -> Option<Uuid> {
    let code = code?;
    let id = code
        .split_at_checked(PREFIX.len())
        .filter(|(prefix, _)| prefix.eq_ignore_ascii_case(PREFIX));
    Uuid::try_parse(id?.1).ok()
}

/// Says whether the invitation waits to be accepted.
pub(crate) async fn is_open(office: &Office, invite: Option<Uuid>) -> Result<bool, AccountError> {
    match invite {
        Some(id) => Ok(is_invite_open(&office.deps.db, id).await?),
        None => Ok(false),
    }
}

/// Makes an account a member of the team it was invited to; answers whether that proves its
/// address, because the code was mailed there.
pub(crate) async fn accept(
    run: &impl Run,
    invite: Option<Uuid>,
    account: AccountId,
    username: &str,
    origin: &Origin,
) -> Result<bool, AccountError> {
    let Some(id) = invite else {
        return Ok(false);
    };
    let Some(accepted) = accept_invite(run, id, account).await? else {
        return Ok(false);
    };
    let metadata = json!({
        "member": username,
        "team": accepted.team,
        "inviter": accepted.inviter,
    });
    let place = accepted.organization_id.into();
    log(
        run,
        "org_team_member_invite_accepted",
        place,
        origin,
        metadata,
    )
    .await?;
    Ok(accepted.proves_email)
}

#[cfg(test)]
mod tests {
    use super::read_code;

    #[test]
    fn only_codes_of_invitations_are_read() {
        let id = "7ab55677-ffc3-4d9c-b2fc-0a7e5d4f0490";
        assert!(read_code(Some(&format!("urn:teaminvite:{id}"))).is_some());
        for other in [
            id,
            "urn:teaminvite:",
            "urn:teaminvite:x",
            "",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            assert_eq!(read_code(Some(other)), None, "{other}");
        }
        assert_eq!(read_code(None), None);
    }
}
