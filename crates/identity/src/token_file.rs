//! The file of `--token-auth-file`: one line a token, for tests and for getting in when all else fails.
//!
//! ```csv
//! token,user,uid,"group1,group2"
//! ```
//! CSV as RFC 4180 has it, no heading, no comments; what comes after the fourth column is ignored.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use ring::digest;

use crate::user::User;

/// The longest file that is read, in bytes: some hundred thousand tokens. Whoever has more has an
/// identity provider.
pub const FILE_BYTES_MAX: usize = 32 << 20;

/// The tokens of a file. It keeps their digests only, and has no `Debug`.
pub struct TokenFile {
    users: HashMap<Digest, Arc<User>>,
}

/// SHA-256. Tokens are looked up by it: how long that takes depends on the digest, which tells nothing
/// of how much of a guess was right.
type Digest = [u8; digest::SHA256_OUTPUT_LEN];

/// What is wrong with a file, and on which line, counted from 1. It never quotes the file: what
/// surrounds the fault is a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line on which the record begins.
    pub line: usize,
    /// What it is.
    pub what: What,
}

/// What may be wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Not UTF-8: the file is refused.
    NotText,
    /// Longer than [`FILE_BYTES_MAX`]: the file is refused.
    TooLong,
    /// A quote inside a field that does not begin with one: the file is refused.
    BareQuote,
    /// A quoted field that does not end, or goes on behind its end: the file is refused.
    OpenQuote,
    /// Fewer than three columns: the file is refused. Says how many.
    Columns(usize),
    /// An empty token: the line is ignored.
    EmptyToken,
    /// A token that stood there before: this line counts.
    Again,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match self.what {
            What::NotText => f.write_str("not UTF-8"),
            What::TooLong => write!(f, "the file is longer than {FILE_BYTES_MAX} bytes"),
            What::BareQuote => f.write_str("bare \" in non-quoted field"),
            What::OpenQuote => f.write_str("extraneous or missing \" in quoted field"),
            What::Columns(found) => write!(
                f,
                "must have at least 3 columns (token, user name, user uid), found {found}"
            ),
            What::EmptyToken => f.write_str("an empty token is ignored"),
            What::Again => f.write_str("a token that was given before; this line counts"),
        }
    }
}

impl std::error::Error for Fault {}

// === impl TokenFile ===

impl TokenFile {
    /// Reads a file. What is odd but read all the same comes beside it; an error means that nothing of
    /// the file holds, as half of a list of who may enter is no list.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Vec<Fault>), Fault> {
        if bytes.len() > FILE_BYTES_MAX {
            return Err(Fault { line: 1, what: What::TooLong });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            Fault { line: 1 + lines(before), what: What::NotText }
        })?;
        let mut users = HashMap::new();
        let mut odd = Vec::new();
        let mut records = Records { rest: text, line: 1 };
        while let Some((line, record)) = records.next_record()? {
            let [token, name, uid, more @ ..] = record.as_slice() else {
                return Err(Fault { line, what: What::Columns(record.len()) });
            };
            if token.is_empty() {
                odd.push(Fault { line, what: What::EmptyToken });
                continue;
            }
            // As the original: an empty fourth column is one group, the empty one.
            let groups = more.first().map(|list| list.split(',').map(str::to_owned).collect());
            let user = User {
                name: name.clone(),
                uid: uid.clone(),
                groups: groups.unwrap_or_default(),
                ..User::default()
            };
            if users.insert(digest_of(token), Arc::new(user)).is_some() {
                odd.push(Fault { line, what: What::Again });
            }
        }
        Ok((Self { users }, odd))
    }

    /// Whom a token is of.
    pub fn user(&self, token: &str) -> Option<&User> {
        self.users.get(&digest_of(token)).map(Arc::as_ref)
    }
}

fn digest_of(token: &str) -> Digest {
    let mut bytes = [0; digest::SHA256_OUTPUT_LEN];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    bytes
}

fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// What is left of the file.
struct Records<'a> {
    rest: &'a str,
    line: usize,
}

impl Records<'_> {
    /// The next record and the line on which it begins. Empty lines are none.
    fn next_record(&mut self) -> Result<Option<(usize, Vec<String>)>, Fault> {
        while let Some(rest) = self.rest.strip_prefix("\r\n").or(self.rest.strip_prefix('\n')) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        let fault = |what| Fault { line, what };
        let mut record = Vec::new();
        loop {
            let (field, rest) = match self.rest.strip_prefix('"') {
                Some(quoted) => quoted_field(quoted).ok_or(fault(What::OpenQuote))?,
                None => plain_field(self.rest).ok_or(fault(What::BareQuote))?,
            };
            self.line += lines(field.as_bytes());
            record.push(field);
            if let Some(next) = rest.strip_prefix(',') {
                self.rest = next;
                continue;
            }
            self.rest = match rest.strip_prefix("\r\n").or(rest.strip_prefix('\n')) {
                Some(next) => {
                    self.line += 1;
                    next
                }
                None if rest.is_empty() => rest,
                // Only a quoted field can be followed by something else.
                None => return Err(fault(What::OpenQuote)),
            };
            return Ok(Some((line, record)));
        }
    }
}

/// A field that begins without a quote, and what follows it.
fn plain_field(text: &str) -> Option<(String, &str)> {
    let end = text.find([',', '\n']).unwrap_or(text.len());
    let (field, rest) = text.split_at_checked(end)?;
    if field.contains('"') {
        return None;
    }
    // The carriage return before the end of the line belongs to that.
    let cut = if rest.starts_with('\n') { field.strip_suffix('\r') } else { None };
    Some((cut.unwrap_or(field).to_owned(), rest))
}

/// A field behind its opening quote, and what follows the closing one. A doubled quote stands for one.
fn quoted_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(&part.replace("\r\n", "\n"));
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(TokenFile, Vec<Fault>), Fault> {
        TokenFile::parse(text.as_bytes())
    }

    #[track_caller]
    fn check(text: &str, token: &str, name: &str, uid: &str, groups: &[&str]) {
        let (file, odd) = parse(text).map_err(|fault| fault.to_string()).unwrap();
        assert_eq!(odd, [], "{text:?}");
        let user = file.user(token).expect("the token is known");
        assert_eq!((user.name.as_str(), user.uid.as_str()), (name, uid), "{text:?}");
        assert_eq!(user.groups, groups, "{text:?}");
    }

    #[test]
    fn lines_are_users() {
        check("t1,jane,1", "t1", "jane", "1", &[]);
        check("t1,jane,1\n", "t1", "jane", "1", &[]);
        check("t1,jane,1,\"dev,ops\"\r\nt2,bob,2\r\n", "t1", "jane", "1", &["dev", "ops"]);
        check("t1,jane,1,\"dev,ops\"\r\nt2,bob,2\r\n", "t2", "bob", "2", &[]);
        check("\n\nt1,jane,1,dev,ignored,too\n\n", "t1", "jane", "1", &["dev"]);
        check("\"t\"\"1\",\"ja\nne\",1", "t\"1", "ja\nne", "1", &[]);
        check("t1, jane,1,", "t1", " jane", "1", &[""]);
    }

    #[test]
    fn what_is_not_in_the_file_is_nobody() {
        let (file, _) =
            parse("token,jane,1\n,nobody,2").map_err(|fault| fault.to_string()).unwrap();
        for token in ["", "toke", "token1", "jane", "TOKEN"] {
            assert!(file.user(token).is_none(), "{token}");
        }
    }

    #[test]
    fn faults_are_told_by_line() {
        for (text, line, what) in [
            ("a,b,c\nd,e\n", 2, What::Columns(2)),
            ("a,b,c\n\nd\n", 3, What::Columns(1)),
            ("a,b,c\nd,e\"f,g\n", 2, What::BareQuote),
            ("a,b,c\nd,\"e,f\ng", 2, What::OpenQuote),
            ("a,b,c\nd,\"e\"x,f\n", 2, What::OpenQuote),
            ("\"a\nb\",c,d\ne,f\n", 3, What::Columns(2)),
        ] {
            assert_eq!(parse(text).err(), Some(Fault { line, what }), "{text:?}");
        }
        let fault = TokenFile::parse(b"a,b,c\nd,\xff,e").err();
        assert_eq!(fault, Some(Fault { line: 2, what: What::NotText }));
        let odd = parse("a,b,c\n,d,e\na,f,g\n").map_err(|fault| fault.to_string()).unwrap().1;
        let expected =
            [Fault { line: 2, what: What::EmptyToken }, Fault { line: 3, what: What::Again }];
        assert_eq!(odd, expected);
    }

    #[test]
    fn the_last_of_two_equal_tokens_counts() {
        let (file, _) = parse("a,b,1\na,c,2\n").map_err(|fault| fault.to_string()).unwrap();
        assert_eq!(file.user("a").map(|user| user.name.as_str()), Some("c"));
    }
}
