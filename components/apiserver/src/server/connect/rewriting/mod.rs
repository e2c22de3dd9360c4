//! Answers of what is proxied, with links that lead through the proxy.
//!
//! Upstream: apimachinery/pkg/util/proxy/transport.go.

mod compressed;
mod html;
mod links;

pub(super) use links::Links;

use bytes::Bytes;
use compressed::Coding;
use html::Rewriter;
use http::{HeaderValue, header};
use http_body::Frame;
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tonic::Status;
use wire::{Body, Response};

/// The answer, with its place and, in HTML, its links changed.
pub(super) fn rewritten(mut response: Response, links: Links) -> Response {
    let headers = response.headers_mut();
    let text = |name| headers.get(&name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(place) = text(header::LOCATION).filter(|place| !place.is_empty()) {
        if let Ok(place) = HeaderValue::from_str(&links.rewritten(place)) {
            headers.insert(header::LOCATION, place);
        }
        return response;
    }
    let media = text(header::CONTENT_TYPE).unwrap_or_default();
    let html = media.split(';').next().is_some_and(|media| media.trim() == "text/html");
    let coding = Coding::of(text(header::CONTENT_ENCODING).unwrap_or_default());
    // What is compressed in a way that we do not read stays as it is.
    let (true, Some(coding)) = (html, coding) else { return response };
    headers.remove(header::CONTENT_LENGTH);
    response.map(|body| Body::new(Page { body, coding, rewriter: Some(Rewriter::new(links)) }))
}

/// A page on its way.
struct Page {
    body: Body,
    coding: Coding,
    /// None: the page is through.
    rewriter: Option<Rewriter>,
}

impl Page {
    /// What a piece of the page becomes; none: its end.
    fn changed(&mut self, piece: Option<&[u8]>) -> std::io::Result<Bytes> {
        let Some(rewriter) = &mut self.rewriter else { return Ok(Bytes::new()) };
        let mut plain = Vec::new();
        rewriter.feed(&self.coding.read(piece)?, &mut plain);
        if piece.is_none() {
            rewriter.end(&mut plain);
            self.rewriter = None;
        }
        self.coding.write(&plain, piece.is_none())
    }
}

impl http_body::Body for Page {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let broken = |error: std::io::Error| Some(Err(Status::internal(error.to_string())));
        loop {
            let frame = match std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None if self.rewriter.is_none() => return Poll::Ready(None),
                None => None,
                Some(Err(status)) => return Poll::Ready(Some(Err(status))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => Some(data),
                    // What comes after the page is not part of it.
                    Err(_trailers) => continue,
                },
            };
            match self.changed(frame.as_deref()) {
                Err(error) => return Poll::Ready(broken(error)),
                Ok(bytes) if !bytes.is_empty() => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Ok(_) if self.rewriter.is_none() => return Poll::Ready(None),
                Ok(_) => {}
            }
        }
    }
}
