//! The REST API and the browsers that use it.

use crate::key::section;

section! {
    /// The REST API `/api/v1`.
    Api in "api" {
        /// Refuses API reads by browsers that lack the header `X-Requested-With`. Quay has the key but
        /// answers such reads all the same.
        browser_xhr_only: bool = false, quay ["BROWSER_API_CALLS_XHR_ONLY"];
        /// Origins that pages may call the API from with cookies; any origin without them when empty.
        cors_origins: Vec<String> = Vec::new(), quay ["CORS_ORIGIN"];
        /// Whether superusers can read the configuration, secrets left out, over the API.
        superuser_config_dump: bool = false, quay ["FEATURE_SUPERUSER_CONFIGDUMP"], flags [public];
        /// Repositories on one page of a search.
        search_page_size: u32 = 10, range [1, 100], quay ["SEARCH_RESULTS_PER_PAGE"];
        /// How many pages of a search can be asked for.
        search_max_pages: u32 = 10, range [1, 100], quay ["SEARCH_MAX_RESULT_PAGE_COUNT"];
        /// Whether the first letters of a user's name find it; otherwise only the whole name does.
        partial_user_autocomplete: bool = true, quay ["FEATURE_PARTIAL_USER_AUTOCOMPLETE"], flags [public];
    }
}
