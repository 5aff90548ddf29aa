//! Apache Parquet: the columns of the CSV, a row group for each trial.

use std::io::{self, Write};
use std::sync::Arc;

use backdraft_record::{Manifest, Results};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

use super::rows::{AFTER, BEFORE, SCHEMA, ending, factor_names};

/// Writes a file whose metadata hold the run's manifest as JSON under `backdraft.run`.
pub(super) fn write(
    manifest: &Manifest,
    results: &Results,
    file: &mut dyn Write,
) -> io::Result<()> {
    let json = serde_json::to_string(manifest)?;
    write_columns(manifest, results, json, file).map_err(io::Error::other)
}

fn write_columns(
    manifest: &Manifest,
    results: &Results,
    json: String,
    file: &mut dyn Write,
) -> Result<(), ParquetError> {
    let factors = factor_names(results);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(vec![KeyValue::new("backdraft.run".to_owned(), json)]));
    // The writer wants to own what it writes to and to send it between threads.
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema(&factors)?, Arc::new(properties.build()))?;
    for trial in results.trials() {
        let count = trial.rows.len();
        let mut group = writer.next_row_group()?;
        let same = |text: &str| vec![ByteArray::from(text); count];
        column::<Int64Type>(&mut group, &vec![i64::from(SCHEMA); count])?;
        column::<ByteArrayType>(&mut group, &same(&manifest.experiment))?;
        column::<ByteArrayType>(&mut group, &same(&manifest.id))?;
        column::<Int64Type>(&mut group, &vec![trial.seed as i64; count])?;
        column::<ByteArrayType>(&mut group, &same(ending(trial)))?;
        for factor in &factors {
            let level = trial.factors.level(factor).unwrap_or_default();
            column::<ByteArrayType>(&mut group, &same(level))?;
        }
        let texts = |text: fn(&backdraft_rows::Row) -> &str| -> Vec<ByteArray> {
            trial.rows.iter().map(|row| ByteArray::from(text(row))).collect()
        };
        let steps: Vec<i64> = trial.rows.iter().map(|row| row.step as i64).collect();
        let values: Vec<f64> = trial.rows.iter().map(|row| row.value).collect();
        column::<Int64Type>(&mut group, &steps)?;
        column::<ByteArrayType>(&mut group, &texts(|row| row.quantity.as_str()))?;
        column::<ByteArrayType>(&mut group, &texts(|row| row.subject.as_str()))?;
        column::<DoubleType>(&mut group, &values)?;
        group.close()?;
    }
    writer.close()?;
    file.write_all(&bytes)?;
    Ok(())
}

fn schema(factors: &[&str]) -> Result<Arc<Type>, ParquetError> {
    let named = factors.iter().map(|factor| format!("factor.{factor}"));
    let names = BEFORE.map(str::to_owned).into_iter().chain(named).chain(AFTER.map(str::to_owned));
    let field = |name: String| {
        let physical = match name.as_str() {
            "schema" | "seed" | "step" => Physical::INT64,
            "value" => Physical::DOUBLE,
            _ => Physical::BYTE_ARRAY,
        };
        let text = (physical == Physical::BYTE_ARRAY).then_some(LogicalType::String);
        let builder = Type::primitive_type_builder(&name, physical);
        let builder = builder.with_repetition(Repetition::REQUIRED).with_logical_type(text);
        Ok(Arc::new(builder.build()?))
    };
    let fields: Result<Vec<_>, ParquetError> = names.map(field).collect();
    Ok(Arc::new(Type::group_type_builder("measurement").with_fields(fields?).build()?))
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let missing = || ParquetError::General("more columns than the schema has".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}
