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
    let name = reason_name(reason);
    Status::new(code_of(reason), format!("stream terminated by RST_STREAM with error code: {name}"))
}

fn code_of(reason: h2::Reason) -> Code {
    match reason {
        h2::Reason::REFUSED_STREAM => Code::Unavailable,
        h2::Reason::CANCEL => Code::Cancelled,
        h2::Reason::ENHANCE_YOUR_CALM | h2::Reason::FLOW_CONTROL_ERROR => Code::ResourceExhausted,
        h2::Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        known if usize::try_from(u32::from(known)).is_ok_and(|code| code < REASONS.len()) => {
            Code::Internal
        }
        _ => Code::Unknown,
    }
}

/// The error codes of RFC 9113, section 7, in order.
const REASONS: [&str; 14] = [
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

/// As Go's http2.ErrCode prints itself.
fn reason_name(reason: h2::Reason) -> String {
    let code = u32::from(reason);
    let name = usize::try_from(code).ok().and_then(|index| REASONS.get(index));
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
    fn resets_have_grpcs_codes() {
        for (reason, code) in [
            (h2::Reason::NO_ERROR, Code::Internal),
            (h2::Reason::STREAM_CLOSED, Code::Internal),
            (h2::Reason::FLOW_CONTROL_ERROR, Code::ResourceExhausted),
            (h2::Reason::REFUSED_STREAM, Code::Unavailable),
            (h2::Reason::CANCEL, Code::Cancelled),
            (h2::Reason::INADEQUATE_SECURITY, Code::PermissionDenied),
            (h2::Reason::HTTP_1_1_REQUIRED, Code::Internal),
            (h2::Reason::from(0x20), Code::Unknown),
        ] {
            assert_eq!(code_of(reason), code, "{reason}");
        }
    }

    #[test]
    fn errors_of_the_connection_are_unavailable_and_statuses_stay() {
        // Built from a reason alone, an h2 error is not a reset.
        let gone = h2::Error::from(h2::Reason::INTERNAL_ERROR);
        assert_eq!(status_of(&gone).code(), Code::Unavailable);
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
