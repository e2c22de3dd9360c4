//! From errors of the connection to gRPC's status codes, in upstream's words.

use std::error::Error;
use tonic::{Code, Status};

/// The status a gRPC caller sees for an error of its stream or connection.
///
/// The codes of a reset stream are those of grpc-go's `http2ErrConvTab`
/// (internal/transport/http_util.go); an error of the connection is UNAVAILABLE.
pub fn status_of(error: &(dyn Error + 'static)) -> Status {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(status) = error.downcast_ref::<Status>() {
            return status.clone();
        }
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            return of_h2(error);
        }
        cause = error.source();
    }
    Status::unavailable(format!("error reading from server: {}", chain(error)))
}

fn of_h2(error: &h2::Error) -> Status {
    let Some(reason) = error.reason().filter(|_| error.is_reset()) else {
        return Status::unavailable(format!("error reading from server: {error}"));
    };
    let code = match reason {
        h2::Reason::REFUSED_STREAM => Code::Unavailable,
        h2::Reason::CANCEL => Code::Cancelled,
        h2::Reason::ENHANCE_YOUR_CALM | h2::Reason::FLOW_CONTROL_ERROR => Code::ResourceExhausted,
        h2::Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        h2::Reason::HTTP_1_1_REQUIRED => Code::Internal,
        _ => Code::Internal,
    };
    Status::new(
        code,
        format!("stream terminated by RST_STREAM with error code: {}", reason_name(reason)),
    )
}

/// The names of RFC 9113, section 7, as grpc-go prints them.
fn reason_name(reason: h2::Reason) -> String {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    let code = u32::from(reason);
    let name = usize::try_from(code).ok().and_then(|index| NAMES.get(index));
    name.map_or_else(|| format!("unknown error code 0x{code:x}"), |name| (*name).to_owned())
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resets_have_grpcs_codes_and_broken_connections_are_unavailable() {
        for (reason, code) in [
            (h2::Reason::REFUSED_STREAM, Code::Unavailable),
            (h2::Reason::INTERNAL_ERROR, Code::Unavailable),
        ] {
            // Built from a reason alone an error is neither a reset nor from the wire.
            let error = h2::Error::from(reason);
            assert!(!error.is_reset());
            assert_eq!(status_of(&error).code(), code);
        }
        let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let status = status_of(&broken);
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.message(), "error reading from server: connection reset");
        assert_eq!(status_of(&Status::aborted("as it is")).message(), "as it is");
    }

    #[test]
    fn reasons_have_the_names_of_the_rfc() {
        assert_eq!(reason_name(h2::Reason::CANCEL), "CANCEL");
        assert_eq!(reason_name(h2::Reason::from(0x20)), "unknown error code 0x20");
    }
}
