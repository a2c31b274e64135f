use super::*;

#[test]
fn count_is_the_number_of_open_connections() {
    let live = Live::default();
    let count = live.watch();
    let (one, two) = (live.enter(), live.enter());
    assert_eq!(*count.borrow(), 2);
    drop(one);
    assert_eq!(*count.borrow(), 1);
    drop(two);
    assert_eq!(*count.borrow(), 0);
}
