//! Configures a client from environment variables.

use std::path::Path;

use super::ClientBuilder;
use crate::Error;
use crate::codegen::Client;

impl Client {
    /// Builds a client from environment variables: those of
    /// [authentik's Terraform provider](https://registry.terraform.io/providers/goauthentik/authentik/latest/docs), and some more.
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `AUTHENTIK_URL` | the address of the server, as for [`builder`](Self::builder) |
    /// | `AUTHENTIK_TOKEN` | the API token |
    /// | `AUTHENTIK_TOKEN_FILE` | a file that contains the token, such as a mounted secret, instead of `AUTHENTIK_TOKEN` |
    /// | `AUTHENTIK_CA_FILE` | a PEM file of additional certificate authorities: [`add_root_certificate`](ClientBuilder::add_root_certificate) |
    /// | `AUTHENTIK_INSECURE` | `true` or `1`: [accept any certificate](ClientBuilder::danger_accept_invalid_certs) |
    /// | `AUTHENTIK_ALLOW_PLAINTEXT` | `true` or `1`: [allow `http://`](ClientBuilder::allow_plaintext) |
    ///
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR` are respected: see [`ClientBuilder`].
    ///
    /// # Errors
    /// [`Error::Configuration`] names the variable that is missing or invalid.
    ///
    /// ```no_run
    /// let client = authentik_flow_bindings::Client::from_env()?;
    /// # Ok::<(), authentik_flow_bindings::Error>(())
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }
}

impl ClientBuilder {
    /// A builder configured from environment variables, to which other options can be added: see [`Client::from_env`].
    ///
    /// # Errors
    /// [`Error::Configuration`] names the variable that is missing or invalid.
    ///
    /// ```no_run
    /// use authentik_flow_bindings::{ClientBuilder, RetryPolicy};
    ///
    /// let client = ClientBuilder::from_env()?.retry(RetryPolicy::never()).build()?;
    /// # Ok::<(), authentik_flow_bindings::Error>(())
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        from_variables(|name| {
            std::env::var(name).map(Some).or_else(|error| match error {
                std::env::VarError::NotPresent => Ok(None),
                std::env::VarError::NotUnicode(_) => Err(Error::configuration(format!("{name} is not valid Unicode: set it again"))),
            })
        })
    }
}

fn from_variables(lookup: impl Fn(&str) -> Result<Option<String>, Error>) -> Result<ClientBuilder, Error> {
    let variable = |name: &str| Ok::<_, Error>(lookup(name)?.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()));
    let switch = |name: &str| match variable(name)?.unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "0" | "f" | "false" => Ok(false),
        "1" | "t" | "true" => Ok(true),
        _ => Err(Error::configuration(format!("{name} is neither `true` nor `false`: correct it, or unset it"))),
    };
    let missing = |name: &str, what: &str| Error::configuration(format!("{name} is not set: set it to {what}"));

    let address = variable("AUTHENTIK_URL")?
        .ok_or_else(|| missing("AUTHENTIK_URL", "the address of the server, such as https://auth.example.com"))?;
    let token = match (variable("AUTHENTIK_TOKEN")?, variable("AUTHENTIK_TOKEN_FILE")?) {
        (Some(token), None) => token,
        (None, Some(file)) => read("AUTHENTIK_TOKEN_FILE", &file)?,
        (None, None) => {
            let what = "an API token (authentik: Directory, Tokens and App passwords), or AUTHENTIK_TOKEN_FILE to a file that contains one";
            return Err(missing("AUTHENTIK_TOKEN", what));
        }
        (Some(_), Some(_)) => return Err(Error::configuration("AUTHENTIK_TOKEN and AUTHENTIK_TOKEN_FILE are both set: unset one of them")),
    };
    let mut builder = Client::builder(address)
        .token(token)
        .allow_plaintext(switch("AUTHENTIK_ALLOW_PLAINTEXT")?)
        .danger_accept_invalid_certs(switch("AUTHENTIK_INSECURE")?);
    if let Some(file) = variable("AUTHENTIK_CA_FILE")? {
        builder = builder.add_root_certificate(read("AUTHENTIK_CA_FILE", &file)?);
    }
    Ok(builder)
}

fn read(name: &str, file: &str) -> Result<String, Error> {
    // The value may be the token itself, set in the wrong variable, so it is shown only if it looks like a path.
    let shown = if file.contains(['/', '\\', '.']) { format!("`{file}`") } else { "the file".to_owned() };
    std::fs::read_to_string(Path::new(file)).map_err(|error| Error::configuration(format!("{name}: {shown} cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "not-a-real-token";

    fn client(variables: &[(&str, &str)]) -> Result<Client, String> {
        let lookup = |name: &str| Ok(variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()));
        from_variables(lookup).and_then(ClientBuilder::build).map_err(|error| error.to_string())
    }

    #[test]
    fn errors_name_the_variable_to_correct() {
        let url = ("AUTHENTIK_URL", "http://auth.invalid");
        let token = ("AUTHENTIK_TOKEN", TOKEN);
        let cases: [(&[(&str, &str)], &str); 8] = [
            (&[url], "AUTHENTIK_TOKEN is not set: set it to an API token"),
            (&[token], "AUTHENTIK_URL is not set: set it to the address"),
            (&[url, ("AUTHENTIK_TOKEN", "  ")], "AUTHENTIK_TOKEN is not set"),
            (&[url, token, ("AUTHENTIK_INSECURE", "perhaps")], "AUTHENTIK_INSECURE is neither"),
            (&[url, token, ("AUTHENTIK_INSECURE", "true")], "AUTHENTIK_ALLOW_PLAINTEXT=true"),
            (&[url, token, ("AUTHENTIK_TOKEN_FILE", "/run/token")], "both set"),
            (&[url, ("AUTHENTIK_TOKEN_FILE", "/nowhere/token")], "AUTHENTIK_TOKEN_FILE: `/nowhere/token` cannot be read"),
            (&[url, token, ("AUTHENTIK_CA_FILE", "/nowhere/ca.pem")], "AUTHENTIK_CA_FILE: `/nowhere/ca.pem` cannot be read"),
        ];
        for (variables, message) in cases {
            let error = client(variables).unwrap_err();
            assert!(error.contains(message), "{message} is not in: {error}");
        }
        client(&[url, token, ("AUTHENTIK_ALLOW_PLAINTEXT", "1")]).unwrap();
        client(&[("AUTHENTIK_URL", "http://127.0.0.1:9000"), token]).unwrap();
    }

    #[test]
    fn a_token_is_read_from_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{TOKEN}\n")).unwrap();
        client(&[("AUTHENTIK_URL", "http://127.0.0.1"), ("AUTHENTIK_TOKEN_FILE", file.path().to_str().unwrap())]).unwrap();
        std::fs::write(file.path(), "").unwrap();
        let error = client(&[("AUTHENTIK_URL", "http://127.0.0.1"), ("AUTHENTIK_TOKEN_FILE", file.path().to_str().unwrap())]).unwrap_err();
        assert!(error.contains("the token is empty"), "{error}");
    }

    #[test]
    fn a_token_in_the_wrong_variable_is_not_repeated() {
        for variables in [
            [("AUTHENTIK_URL", TOKEN), ("AUTHENTIK_TOKEN", TOKEN)],
            [("AUTHENTIK_URL", "not-a-real-token:x"), ("AUTHENTIK_TOKEN", TOKEN)],
            [("AUTHENTIK_URL", "https://not-a-real-token@host"), ("AUTHENTIK_TOKEN", TOKEN)],
            [("AUTHENTIK_URL", "https://host/api/v3/not-a-real-token"), ("AUTHENTIK_TOKEN", TOKEN)],
            [("AUTHENTIK_URL", "https://host?not-a-real-token"), ("AUTHENTIK_TOKEN", TOKEN)],
            [("AUTHENTIK_URL", "https://host"), ("AUTHENTIK_TOKEN_FILE", TOKEN)],
        ] {
            let error = client(&variables).unwrap_err();
            assert!(!error.contains("real"), "{error}");
        }
    }
}
