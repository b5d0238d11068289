from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('emotion', '0003_consent_says_more'),
    ]

    operations = [
        migrations.AddField(
            model_name='lessonsession',
            name='mode',
            field=models.CharField(choices=[('server', 'on the server'), ('device', "on the student's device")], default='server', max_length=6),
        ),
        migrations.AddConstraint(
            model_name='lessonsession',
            constraint=models.CheckConstraint(condition=models.Q(('mode__in', ['server', 'device'])), name='session_mode_is_known'),
        ),
    ]
