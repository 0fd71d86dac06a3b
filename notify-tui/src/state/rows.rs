//! What keys do to lists.

/// What keys do to a list, whatever is in it.
pub trait Rows {
    /// How many there are.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Moves the cursor; false when it stands at the end already.
    fn step(&mut self, by: isize) -> bool;
    /// To the first row, or the last. The first also lets in what came while marks held the list.
    fn end(&mut self, first: bool);
    /// Marks the row under the cursor, or not any more, and goes on to the next.
    fn mark(&mut self);
    /// Begins a range of marks, or ends it.
    fn mark_range(&mut self);
    /// Marks the rows that so many lines show.
    fn mark_shown(&mut self, height: usize);
    /// Takes all marks away.
    fn unmark(&mut self);
    /// The ids that are marked, in the order of the rows.
    fn marked(&self) -> Vec<String>;
    /// Whether this id is.
    fn is_marked(&self, id: &str) -> bool;
    /// The id under the cursor.
    fn here(&self) -> Option<String>;
    /// Puts the cursor on this id, now or when it comes.
    fn go(&mut self, id: &str);
    /// Rows that wait until nothing is marked.
    fn newer(&self) -> usize;
    /// What can be sorted by.
    fn sorts(&self) -> &'static [&'static str];
    /// Sorts by this.
    fn sort_by(&mut self, by: usize);
    /// Sorts by the column with this head, or the other way round when it is sorted so; false when it cannot.
    fn sort_on(&mut self, head: &str) -> bool;
    /// To this line of so many that are shown; false when there is none.
    fn pick(&mut self, line: usize, height: usize) -> bool;
    /// Turns the order round.
    fn turn(&mut self);
    /// Shows only rows that have all these words.
    fn search(&mut self, words: &str);
    /// Keeps the cursor among so many lines.
    fn keep(&mut self, height: usize);
    /// Follows the first row, or not any more.
    fn follow(&mut self) -> bool;
}
