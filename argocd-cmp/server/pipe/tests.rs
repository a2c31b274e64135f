use super::*;

#[tokio::test]
async fn bytes_arrive_unchanged() {
    let (mut writer, mut reader) = pipe();
    let read = tokio::task::spawn_blocking(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).map(|_| all)
    });
    let mut expected = Vec::new();
    for size in [1, 0, 1000, JOINED_BYTES, 3, 2 * JOINED_BYTES, 7] {
        let part = vec![u8::try_from(size % 251).unwrap(); size];
        expected.extend_from_slice(&part);
        writer.write(part.into()).await.unwrap();
    }
    writer.end().await.unwrap();
    assert_eq!(read.await.unwrap().unwrap(), expected);
}

#[tokio::test]
async fn abandoned_pipe_is_an_error() {
    let (mut writer, mut reader) = pipe();
    writer.write(Bytes::from_static(b"half")).await.unwrap();
    writer.flush().await.unwrap();
    drop(writer);
    let mut all = Vec::new();
    let error = tokio::task::spawn_blocking(move || reader.read_to_end(&mut all).unwrap_err()).await.unwrap();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
}

#[tokio::test]
async fn writing_fails_without_a_reader() {
    let (mut writer, reader) = pipe();
    drop(reader);
    assert_eq!(writer.write(vec![0; JOINED_BYTES].into()).await, Err(PipeClosed));
}
