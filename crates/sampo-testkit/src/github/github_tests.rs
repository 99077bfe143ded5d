//! The fake is as strict as GitHub, and says what it remembers.
