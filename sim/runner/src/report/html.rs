//! The record as one page for a browser: no file beside it, no network.

use super::json;
use record::RunRecord;
use scenario::Scenario;

const PAGE: &str = include_str!("timeline.html");
/// Lines of the trace that are put into the page.
const TRACE_MAX: usize = 5_000;

/// The page.
pub(crate) fn page(record: &RunRecord, scenario: &Scenario) -> String {
    let record = serde_json::to_string(&json::brief(record, TRACE_MAX));
    let scenario = serde_json::to_string(&scenario.print());
    let [record, scenario] = [record, scenario].map(|json| {
        // `</script>` within a string would end the page's script.
        json.expect("records have string keys").replace('<', "\\u003c")
    });
    PAGE.replace("\"{{record}}\"", &record).replace("\"{{scenario}}\"", &scenario)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_everything_and_no_text_escapes_from_it() {
        let mut record = RunRecord::new("</script><b>", 7);
        record.hash = "abc".to_owned();
        let page = page(&record, &Scenario::generate(7));
        assert!(page.contains("\"hash\":\"abc\"") && !page.contains("</script><b>"));
        assert!(!page.contains("{{record}}") && !page.contains("{{scenario}}"));
        assert!(!page.contains("http://") && !page.contains("https://"));
    }
}
