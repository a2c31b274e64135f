use super::*;

#[tokio::test]
async fn what_goes_in_comes_out() {
    let (mut writer, mut reader) = pipe();
    let read = tokio::task::spawn_blocking(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).map(|_| all)
    });
    let mut expected = Vec::new();
    for size in [1, 0, 1000, JOINED, 3, 2 * JOINED, 7] {
        let piece = vec![u8::try_from(size % 251).unwrap(); size];
        expected.extend_from_slice(&piece);
        writer.write(piece.into()).await.unwrap();
    }
    writer.end().await.unwrap();
    assert_eq!(read.await.unwrap().unwrap(), expected);
}

#[tokio::test]
async fn a_pipe_that_is_abandoned_is_no_end() {
    let (mut writer, mut reader) = pipe();
    writer.write(Bytes::from_static(b"half")).await.unwrap();
    writer.flush().await.unwrap();
    drop(writer);
    let mut all = Vec::new();
    let error = tokio::task::spawn_blocking(move || reader.read_to_end(&mut all).unwrap_err()).await.unwrap();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
}

#[tokio::test]
async fn writing_stops_where_nobody_reads() {
    let (mut writer, reader) = pipe();
    drop(reader);
    assert_eq!(writer.write(vec![0; JOINED].into()).await, Err(Closed));
}
