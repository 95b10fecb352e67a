//! Who asks: a user and groups, completed as impersonation completes them.

use portcullis_rbac::Requester;
use smol_str::{SmolStr, format_smolstr};

use crate::args::RequesterArgs;
use crate::exit::Failure;

const ACCOUNT_PREFIX: &str = "system:serviceaccount:";
const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const ANONYMOUS: &str = "system:anonymous";

/// The requester that `--as` and `--as-group` make, with the groups that the API server adds when
/// somebody is impersonated: those of a service account unless groups are said, and
/// `system:authenticated` unless its opposite, or itself, is among them.
pub(crate) fn requester(args: &RequesterArgs) -> Result<Requester, Failure> {
    let Some(user) = args.user.as_deref().filter(|user| !user.is_empty()) else {
        let failure = if args.groups.is_empty() {
            Failure::new("who asks? There is no \"me\" in a folder of files")
        } else {
            Failure::new("a group alone cannot ask")
        };
        return Err(failure.help("give --as USER, and --as-group GROUP for each of their groups"));
    };
    let mut groups: Vec<SmolStr> = args.groups.iter().map(SmolStr::from).collect();
    if groups.is_empty()
        && let Some((namespace, _)) = account(user)
    {
        groups.push("system:serviceaccounts".into());
        groups.push(format_smolstr!("system:serviceaccounts:{namespace}"));
    }
    if !groups.iter().any(|group| group == AUTHENTICATED || group == UNAUTHENTICATED) {
        let implied = if user == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED };
        groups.push(implied.into());
    }
    Ok(Requester { user: user.into(), groups })
}

/// Namespace and name in the user name of a service account.
fn account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix(ACCOUNT_PREFIX)?.split_once(':')?;
    let is_one = !namespace.is_empty() && !name.is_empty() && !name.contains(':');
    is_one.then_some((namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(user: &str, groups: &str, want: &str) {
        let groups = groups.split_whitespace().map(str::to_owned).collect();
        let args = RequesterArgs { user: Some(user.to_owned()), groups };
        let got = requester(&args).map(|r| r.groups.join(" ")).map_err(|f| f.message);
        assert_eq!(got.as_deref(), Ok(want), "{user}");
    }

    #[test]
    fn groups_are_added_as_impersonation_adds_them() {
        let account = "system:serviceaccount:shop:cart";
        let of_account = "system:serviceaccounts system:serviceaccounts:shop system:authenticated";
        check("jane", "", "system:authenticated");
        check("jane", "dev ops", "dev ops system:authenticated");
        check("jane", "system:authenticated", "system:authenticated");
        check("jane", "system:unauthenticated", "system:unauthenticated");
        check(account, "", of_account);
        check(account, "dev", "dev system:authenticated");
        check("system:anonymous", "", "system:unauthenticated");
        check("system:anonymous", "dev", "dev system:unauthenticated");
        check("system:serviceaccount:shop", "", "system:authenticated");
        check("system:serviceaccount:shop:a:b", "", "system:authenticated");
    }

    #[test]
    fn nobody_cannot_ask() {
        for args in [
            RequesterArgs::default(),
            RequesterArgs { user: Some(String::new()), groups: Vec::new() },
            RequesterArgs { user: None, groups: vec!["dev".to_owned()] },
        ] {
            let failure = requester(&args).expect_err("nobody");
            assert!(failure.help[0].contains("--as USER"), "{args:?}");
        }
    }
}
