use super::*;

#[test]
fn a_list_of_messages_becomes_one_line() {
    for (error, expected) in [
        ("permission denied", "permission denied"),
        ("1 error occurred:\n\t* permission denied\n\n", "permission denied"),
        ("2 errors occurred:\n\t* one  thing\n\t* another\n\n", "one thing; another"),
        ("nothing of the kind occurred: x", "nothing of the kind occurred: x"),
        ("", ""),
    ] {
        assert_eq!(one_line(error), expected);
    }
}
